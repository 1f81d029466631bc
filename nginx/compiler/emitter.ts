/** Writes the compiled configuration: the user's text with the planned changes. */
import { type Context, contextInside } from './contexts.ts';
import { applyEdits, comment, type Edit, oneLine, replaceWithLines, wrapBlock } from './edits.ts';
import type { ProblemList } from './errors.ts';
import type { Block, Directive, SourceFile } from './parser.ts';
import { quote } from './quote.ts';
import { relativePath } from './relative-paths.ts';
import { isInclude, type ParsedFile, type Tree } from './tree.ts';

/** Lines to be put at the ends of a block. */
export interface BlockLines {
  readonly atStart: readonly string[];
  readonly atEnd: readonly string[];
}

/** Everything that is to be changed. */
export interface Changes {
  /** Directives to comment out. */
  readonly commentedOut: ReadonlySet<Directive>;
  readonly blocks: ReadonlyMap<Block, BlockLines>;
}

/** Writes the files of one configuration. */
export class Emitter {
  readonly #tree: Tree;
  readonly #changes: Changes;
  readonly #problems: ProblemList;

  /** @param problems gets the files that have to be written out but cannot be */
  constructor(tree: Tree, changes: Changes, problems: ProblemList) {
    this.#tree = tree;
    this.#changes = changes;
    this.#problems = problems;
  }

  /** The main file, with those included files in it that had to be changed. */
  main(): string {
    const { source, directives } = this.#tree.main;
    return this.#write(source, this.#edits(directives, 'main'));
  }

  /** One directive of a location, with the changes in it. */
  directive(directive: Directive): string {
    const { file, start, end } = directive;
    return applyEdits(file.text, this.#edits([directive], 'location'), start, end);
  }

  #write(source: SourceFile, edits: readonly Edit[]): string {
    if (source.invalidUtf8Line !== undefined) {
      this.#problems.add(source, source.invalidUtf8Line, 'not UTF-8, which is all that njchan can write');
    }
    return applyEdits(source.text, edits);
  }

  #edits(directives: readonly Directive[], context: Context): Edit[] {
    const edits: Edit[] = [];
    for (const directive of directives) {
      const edit = this.#change(directive, context);
      if (edit) edits.push(edit);
      const { block } = directive;
      if (!block || this.#changes.commentedOut.has(directive)) continue;
      const lines = this.#changes.blocks.get(block);
      if (lines) edits.push(...wrapBlock(directive.file.text, directive, block, lines.atStart, lines.atEnd));
      edits.push(...this.#edits(block.children, contextInside(context, directive.name)));
    }
    return edits;
  }

  /** The change to a directive itself, if any. */
  #change(directive: Directive, context: Context): Edit | undefined {
    if (this.#changes.commentedOut.has(directive)) {
      return replaceWithLines(directive, comment(oneLine(directive)), this.#endsWithLines(directive.parent));
    }
    const files = this.#tree.includes.get(directive);
    const expansion = files && this.#expansion(directive, files, context);
    if (expansion) return expansion;
    // What stands in a block of data is none of the directives that it may look like.
    if (context === 'opaque' && !isInclude(directive)) return undefined;
    const relative = relativePath(directive, this.#tree.directory);
    if (!relative) return undefined;
    return { start: relative.token.start, end: relative.token.end, text: quote(relative.path) };
  }

  /** Included files in place of their `include`; undefined when none of them has a change. */
  #expansion(include: Directive, files: readonly ParsedFile[], context: Context): Edit | undefined {
    const edited = files.map(({ source, directives }) => ({
      source,
      edits: this.#edits(directives, context),
    }));
    if (edited.every(({ edits }) => edits.length === 0)) return undefined;
    const lines = [comment(oneLine(include))];
    for (const { source, edits } of edited) {
      if (edits.length === 0) lines.push(`include ${quote(source.name)};`);
      else lines.push(comment(`from ${source.name}:`), this.#write(source, edits).replace(/\n$/, ''));
    }
    lines.push(comment(`end of ${oneLine(include)}`));
    return replaceWithLines(include, lines.join('\n'), this.#endsWithLines(include.parent));
  }

  /** True when lines are put at the end of a block. */
  #endsWithLines(block: Block | undefined): boolean {
    return block !== undefined && (this.#changes.blocks.get(block)?.atEnd.length ?? 0) > 0;
  }
}
