/** Nchan's variables: whether a configuration uses any, and what declares them. */
import {
  COUNT_VARIABLES,
  GATEWAY_VARIABLES,
  KNOWN_MESSAGE_ID_VARIABLE,
  MESSAGE_ID_VARIABLE,
  NCHAN_VERSION,
  NO_COUNT_VARIABLE,
  noStubFigure,
  REPORT_HEADER,
  REPORTS,
  type ReportName,
  STUB_FIGURES,
  STUB_FILE_VARIABLE,
  STUB_PREFIX,
  type StubFigure,
  VERSION_VARIABLE,
} from '../../handoff/nchan-variables.ts';
import { CARRIED } from './directives/events.ts';
import type { Directive } from './parser.ts';
import { quote } from './quote.ts';
import { flatten, type Tree } from './tree.ts';

const OF_REQUESTS: readonly string[] = [
  ...GATEWAY_VARIABLES,
  ...Object.keys(COUNT_VARIABLES),
  MESSAGE_ID_VARIABLE,
];

const USE = /\$\{?(nchan_\w+)/g;

/** What a configuration uses. */
export interface VariableUse {
  /** Variables that tell about a request: they have to be computed for each. */
  readonly ofRequests: boolean;
  readonly version: boolean;
  /** The figures of `nchan_stub_status` that are used as variables. */
  readonly stubFigures: readonly StubFigure[];
}

/** Looks for Nchan's variables in all directives, wherever they stand. */
export function variableUse(tree: Tree): VariableUse {
  const used = new Set<string>();
  const look = (directives: Iterable<Directive>): void => {
    for (const { name, args, block } of directives) {
      for (const text of [name, ...args.map((arg) => arg.text)]) {
        for (const [, variable] of text.matchAll(USE)) {
          if (!CARRIED.has(name) || variable === VERSION_VARIABLE) used.add(variable as string);
        }
      }
      if (block) look(flatten(tree, block.children));
    }
  };
  look(flatten(tree, tree.main.directives));
  return {
    ofRequests: OF_REQUESTS.some((name) => used.has(name)),
    version: used.has(VERSION_VARIABLE),
    stubFigures: STUB_FIGURES.filter((name) => used.has(`${STUB_PREFIX}${name}`)),
  };
}

/**
 * What the http level says to declare them.
 * @param usesNjs false in a configuration without endpoints, where all of them are empty
 */
export function variableLines(use: VariableUse, usesNjs: boolean): string[] {
  const version = use.version ? constantMap(VERSION_VARIABLE, NCHAN_VERSION) : [];
  if (!use.ofRequests) return version;
  if (!usesNjs) return [...version, ...OF_REQUESTS.flatMap((name) => constantMap(name, '""'))];
  return [
    ...version,
    ...[...GATEWAY_VARIABLES, KNOWN_MESSAGE_ID_VARIABLE, NO_COUNT_VARIABLE].map((name) => `js_var $${name};`),
    ...reportMap(MESSAGE_ID_VARIABLE, 'messageId', KNOWN_MESSAGE_ID_VARIABLE),
    ...Object.entries(COUNT_VARIABLES).flatMap(([name, report]) =>
      reportMap(name, report, NO_COUNT_VARIABLE),
    ),
  ];
}

/** A variable that has what is reported, and until then what another one has. */
function reportMap(name: string, report: ReportName, otherwise: string): string[] {
  const reported = `$upstream_http_${REPORTS[report].toLowerCase().replaceAll('-', '_')}`;
  return [
    `map ${reported} $${name} {`,
    '    volatile;',
    `    default ${reported};`,
    `    "" $${otherwise};`,
    '}',
  ];
}

/** What a hand-off location says to get the reports, and to keep them from clients. */
export function reportLines({ ofRequests }: VariableUse): string[] {
  if (!ofRequests) return [];
  return [
    `proxy_set_header ${REPORT_HEADER} 1;`,
    ...Object.values(REPORTS).map((header) => `proxy_hide_header ${header};`),
  ];
}

/** The name under which the module for the status variables is imported. */
const STATUS_MODULE = 'njchan_status';

/**
 * What the http level says to declare the variables of `nchan_stub_status`.
 * @param source the module and the file that the sidecar writes; undefined where no sidecar could write one
 */
export function stubLines(
  { stubFigures }: VariableUse,
  source: { readonly bundle: string; readonly file: string } | undefined,
): string[] {
  if (stubFigures.length === 0) return [];
  if (!source) {
    return stubFigures.flatMap((name) => constantMap(`${STUB_PREFIX}${name}`, noStubFigure(name)));
  }
  return [
    `js_import ${STATUS_MODULE} from ${quote(source.bundle)};`,
    ...constantMap(STUB_FILE_VARIABLE, quote(source.file)),
    ...stubFigures.map((name) => `js_set $${STUB_PREFIX}${name} ${STATUS_MODULE}.${name};`),
  ];
}

function constantMap(name: string, value: string): string[] {
  return [`map "" $${name} {`, `    default ${value};`, '}'];
}
