/** The addresses on which a configuration listens. */
import type { Scope } from './scopes.ts';

/** An address that nginx will listen on over TCP. */
export interface ListenAddress {
  host: string;
  port: number;
  file: string;
  line: number;
}

const ANY_IPV4 = '0.0.0.0';
const DEFAULT_PORT = 80;
/** What nginx takes for a server without `listen` when it may not use port 80. */
const UNPRIVILEGED_PORT = 8000;

const PORTS = /^(\d{1,5})(?:-(\d{1,5}))?$/;
/** A host, `*` or an address, that of IPv6 in brackets; with or without ports. */
const HOST = /^(\[[^\]]*\]|[^:[\]]+)(?::(.+))?$/;

/** Parameters that make it a UDP socket. */
const UDP = new Set(['udp', 'quic']);

/**
 * The TCP addresses of all servers, each once, in the order of the configuration.
 * @param isRoot whether nginx will be started by root
 */
export function listenAddresses(main: Scope, isRoot: boolean): ListenAddress[] {
  const found = new Map<string, ListenAddress>();
  for (const { server, inHttp } of servers(main)) {
    const listens = server.others.filter(({ name }) => name === 'listen');
    const addresses = listens.flatMap((listen) => {
      const [address, ...parameters] = listen.args.map((arg) => arg.text);
      if (address === undefined || parameters.some((parameter) => UDP.has(parameter))) return [];
      return parseAddress(address).map((at) => ({ ...at, file: listen.file.name, line: listen.line }));
    });
    if (listens.length === 0 && inHttp && server.directive) {
      const { file, line } = server.directive;
      const port = isRoot ? DEFAULT_PORT : UNPRIVILEGED_PORT;
      addresses.push({ host: ANY_IPV4, port, file: file.name, line });
    }
    for (const address of addresses) {
      const key = `${address.host} ${address.port}`;
      if (!found.has(key)) found.set(key, address);
    }
  }
  return [...found.values()];
}

function* servers(main: Scope): Generator<{ server: Scope; inHttp: boolean }> {
  for (const outer of main.children) {
    for (const server of outer.children) {
      if (server.directive?.name === 'server') yield { server, inHttp: outer.context === 'http' };
    }
  }
}

/** Addresses that a `listen` argument stands for; none for a unix socket or what nginx will refuse. */
function parseAddress(text: string): { host: string; port: number }[] {
  if (text.startsWith('unix:')) return [];
  const [, name = '*', ports = String(DEFAULT_PORT)] = PORTS.test(text)
    ? ['', '*', text]
    : (HOST.exec(text) ?? ['', '', '']);
  const [, first = '', last = first] = PORTS.exec(ports) ?? [];
  if (first === '' || Number(last) > 65535) return [];
  const host = name === '*' ? ANY_IPV4 : name.replace(/^\[|\]$/g, '');
  const count = Math.max(0, Number(last) - Number(first) + 1);
  return Array.from({ length: count }, (_, i) => ({ host, port: Number(first) + i }));
}
