/** What has to be on the machine, by purpose. The first of `packages` is the one that is installed. */

/** Oldest Node that njchan runs on; package.json says the same under "engines". */
export const OLDEST_NODE = [20, 19];

/**
 * packages: names in Debian, any of which will do. The second for njs is nginx.org's.
 * command or file: how to tell without dpkg that it is there.
 * what: for people whose system names packages in another way.
 */
const NEEDS = {
  nginx: { packages: ['nginx'], command: 'nginx', what: 'nginx, 1.22 or later' },
  njsModule: {
    packages: ['libnginx-mod-http-js', 'nginx-module-njs'],
    file: ['/usr/lib/nginx/modules/ngx_http_js_module.so', '/usr/lib64/nginx/modules/ngx_http_js_module.so'],
    what: "nginx's njs module (ngx_http_js_module.so), 0.7.9 or later",
  },
  njs: { packages: ['njs'], command: 'njs', what: 'the njs command' },
  redis: { packages: ['redis-server'], command: 'redis-server', what: 'Redis, 7.0 or later' },
  chromium: { packages: ['chromium'], command: 'chromium', what: 'Chromium' },
  nchan: {
    packages: ['libnginx-mod-nchan'],
    file: ['/usr/lib/nginx/modules/ngx_nchan_module.so', '/usr/lib64/nginx/modules/ngx_nchan_module.so'],
    what: 'Nchan 1.3 as a module of nginx (ngx_nchan_module.so)',
  },
  lua: { packages: ['lua5.1'], command: 'luac5.1', what: "Lua 5.1's compiler (luac5.1)" },
  promtool: { packages: ['prometheus'], command: 'promtool', what: "Prometheus's promtool" },
  curl: { packages: ['curl'], command: 'curl', what: 'curl' },
  engine: {
    packages: ['docker.io', 'docker-ce', 'moby-engine'],
    command: 'dockerd',
    what: 'a Docker engine (dockerd)',
  },
  debootstrap: { packages: ['debootstrap'], command: 'debootstrap', what: 'debootstrap' },
};

/** The needs of `setup.mjs start` and `setup.mjs test`. */
export const PURPOSES = {
  start: [NEEDS.nginx, NEEDS.njsModule],
  test: [
    NEEDS.nginx,
    NEEDS.njsModule,
    NEEDS.njs,
    NEEDS.redis,
    NEEDS.chromium,
    NEEDS.nchan,
    NEEDS.lua,
    NEEDS.promtool,
    NEEDS.curl,
    NEEDS.engine,
    NEEDS.debootstrap,
  ],
};
