import { parseArgs } from 'node:util';

/**
 * Reads `--name value` options.
 * @param {string[]} args
 * @param {Record<string, string>} defaults every option there is
 * @returns {Record<string, string>}
 */
export function readOptions(args, defaults) {
  const options = Object.entries(defaults).map(([name, value]) => [name, { type: 'string', default: value }]);
  return parseArgs({ args, options: Object.fromEntries(options) }).values;
}

/**
 * Options that are all numbers.
 * @param {Record<string, string>} options
 * @returns {Record<string, number>}
 */
export function numbers(options) {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, Number(value)]));
}
