// Lints the built bundle for what lowering does not cover: polyfills are not syntax. The lists are from running njs 0.7.9.
import { parse } from 'acorn';
import { ancestor } from 'acorn-walk';

/** Globals the bundle may use; everything else that it does not declare itself is a mistake. */
const GLOBALS = new Set(
  [
    'Array Boolean Buffer Date Error Function JSON Math Number Object RangeError RegExp String SyntaxError Symbol',
    'TypeError Promise Uint8Array decodeURIComponent encodeURIComponent isFinite isNaN parseFloat parseInt',
    'Infinity NaN undefined globalThis njs ngx clearTimeout setTimeout require arguments',
    'crypto',
  ]
    .join(' ')
    .split(' '),
);

/** Methods and functions that later engines have, by name: `x.flat()` as well as `Object.fromEntries`. */
const MISSING_MEMBERS = new Set(
  [
    'at copyWithin findLast findLastIndex flat flatMap toReversed toSorted toSpliced with',
    'fromEntries from of groupBy hasOwn getOwnPropertyDescriptors',
    'replaceAll matchAll normalize localeCompare isWellFormed toWellFormed',
    'allowed structuredClone finally withResolvers',
  ]
    .join(' ')
    .split(' '),
);

/** What njs 0.7.9 has of these names. */
const PRESENT_MEMBERS = new Set(['Buffer.from']);

/** Syntax that njs 0.7.9 parses beyond ES5: arrow functions, template literals, let/const, async, shorthand. */
const MISSING_SYNTAX = {
  ArrayPattern: 'destructuring',
  AssignmentPattern: 'default parameters',
  ChainExpression: '?.',
  ClassDeclaration: 'class',
  ClassExpression: 'class',
  ForOfStatement: 'for-of',
  ImportExpression: 'import()',
  ObjectPattern: 'destructuring',
  SpreadElement: 'spread',
  YieldExpression: 'generators',
};

/** njs takes `$` as PCRE does, not as JavaScript does; `$(?!\n)` means the end for both. */
const LOOSE_END = /(?<!\\)\$(?!\(\?!\\n\))/;

/**
 * Looks for syntax, globals and methods that njs 0.7.9 does not have.
 * @param {string} code the bundle
 * @returns {string[]} one line a finding, `line:column: what`
 */
export function checkRuntime(code) {
  const tree = parse(code, { ecmaVersion: 2022, sourceType: 'module', locations: true });
  const declared = declaredNames(tree);
  const problems = [];
  const report = (node, what) => problems.push(`${node.loc.start.line}:${node.loc.start.column}: ${what}`);

  const visitors = {
    Identifier(node, _state, ancestors) {
      const parent = ancestors[ancestors.length - 2];
      const isName =
        (parent.type === 'MemberExpression' && parent.property === node && !parent.computed) ||
        (parent.type === 'Property' && parent.key === node && !parent.computed && !parent.shorthand);
      if (!isName && !declared.has(node.name) && !GLOBALS.has(node.name)) report(node, `global ${node.name}`);
    },
    MemberExpression(node) {
      if (node.computed || !MISSING_MEMBERS.has(node.property.name)) return;
      const isThere = PRESENT_MEMBERS.has(`${node.object.name}.${node.property.name}`);
      if (!isThere) report(node, `.${node.property.name}`);
    },
    Literal(node) {
      if (node.regex?.flags.includes('u')) report(node, 'regular expression flag u');
      if (node.regex && LOOSE_END.test(node.regex.pattern))
        report(node, '$ also matches before a final line break');
      if (typeof node.value === 'bigint') report(node, 'BigInt');
    },
    AssignmentExpression(node) {
      if (['??=', '||=', '&&='].includes(node.operator)) report(node, node.operator);
    },
    CatchClause(node) {
      if (!node.param) report(node, 'catch without a parameter');
    },
  };
  for (const [type, what] of Object.entries(MISSING_SYNTAX)) visitors[type] = (node) => report(node, what);
  ancestor(tree, visitors);
  return problems;
}

/** Every name that is declared anywhere in the bundle. One set for all scopes: a bundle of ours shadows no global. */
function declaredNames(tree) {
  const names = new Set();
  const add = (pattern) => {
    if (pattern?.type === 'Identifier') names.add(pattern.name);
    if (pattern?.type === 'RestElement') add(pattern.argument);
  };
  const addFunction = (node) => {
    add(node.id);
    node.params.forEach(add);
  };
  ancestor(tree, {
    VariableDeclarator: (node) => add(node.id),
    FunctionDeclaration: addFunction,
    FunctionExpression: addFunction,
    ArrowFunctionExpression: addFunction,
    CatchClause: (node) => add(node.param),
    ImportDeclaration({ specifiers }) {
      for (const { local } of specifiers) add(local);
    },
  });
  return names;
}
