/** What the compiler is told about the surroundings of the compiled configuration. */
export interface CompileOptions {
  /** Path of the user's nginx.conf. */
  file: string;
  /** Where the sidecar listens. With a TCP address a secret is required (design §4). */
  sidecar: { socket: string } | { address: string; secret: string };
  /** Directory for the sockets on which nginx takes requests for hooks; default: `hooks` beside the sidecar's socket. */
  hooksDirectory?: string;
  /** Absolute path of the njs bundle (dist/njs/njchan.js); beside it is the one for Nchan's status variables. */
  njsBundle: string;
  /** Absolute path of ngx_http_js_module.so, to load it unless the configuration does (undefined: built in / loaded by the user). */
  jsModule?: string;
  /** Where the keys of tokens (CompileResult.tokenKeys) will be, an absolute path; without it there may be none. */
  tokenKeysFile?: string;
  /** Given by `njchan up`: daemon off, pid and *_temp_path inside the run directory instead of the user's, and the
   *  socket where requests wait while the sidecar is being restarted. */
  supervised?: { pidFile: string; tempDir: string; waitingSocket?: string };
}
