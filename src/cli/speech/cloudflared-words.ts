// Options and commands of cloudflared that scripts have and that are none here: what to do instead, each a sentence
// that stands as a hint. Those that mean nothing here are taken without a word (`tunnel/run-options.ts`).

const gateway =
  'the gateway is the one of the token or credential, which "postern tunnel login --gateway" named'
const http =
  'it is about HTTP, and a tunnel carries bytes: whatever a service speaks goes through as it is'
const log = 'the log is stderr: redirect it, or have systemd keep it ("postern service install")'
const network =
  'a route of the gateway names what a connector is to dial: "to: connector://NAME/HOST:PORT"'

const options: Readonly<Record<string, string>> = {
  '--edge': gateway,
  '--region': gateway,
  '--api-url': gateway,
  '--loginURL': 'the gateway is named by --gateway',
  '--callbackURL': 'the gateway is named by --gateway',
  '--fedramp': 'the gateway is named by --gateway',
  '--connect-to': 'name the gateway by --gateway, and the authorities it is from by --ca-file',
  '--edge-bind-address': 'connectors dial from whichever address the system chooses',
  '--bastion':
    'write a rule with "service: bastion" and "originRequest: {ipRules: …}" into the file of --config',
  '--socks5':
    'write a rule with "service: socks-proxy" and "originRequest: {ipRules: …}" into the file of --config',
  '--unix-socket': 'write --url unix:PATH',
  '--hello-world': 'there is no page of its own to serve: name a service by --url',
  '--http-host-header': http,
  '--origin-server-name': http,
  '--origin-ca-pool': http,
  '--no-tls-verify': http,
  '--no-chunked-encoding': http,
  '--http2-origin': http,
  '--proxy-connect-timeout': 'write "originRequest: {connectTimeout: …}" into the file of --config',
  '--proxy-tcp-keepalive': 'write "originRequest: {tcpKeepAlive: …}" into the file of --config',
  '--pidfile':
    'have systemd watch the process ("postern service install"), or ask /ready of --metrics',
  '--logfile': log,
  '--log-directory': log,
  '--output': 'write --log-format json for the log, and --json for what a command answers',
  '-o': 'write --json',
  '--secret': 'the gateway makes the secret: "postern tunnel token NAME" prints a token with it',
  '--overwrite-dns': "a name is one tunnel's: delete that tunnel, or choose another name",
  '--lb-pool': 'the connectors of one tunnel share its load: run another one with the same token',
  '--debug-stream': 'write --log-level debug',
}

const commands: Readonly<Record<string, string>> = {
  'postern tunnel cleanup':
    'a connection that is dead is noticed within ten seconds; "postern gateway connectors cut" ends others',
  'postern tunnel vnet': network,
  'postern tunnel route ip': network,
  'postern tunnel route lb': options['--lb-pool'] ?? '',
  'postern tunnel ready': 'ask for /ready at the address of --metrics: 200 while it is registered',
  'postern tunnel diag': '"postern tunnel doctor" tries the way to the gateway',
  'postern update': 'postern is updated as it was installed',
  'postern tail': `${log}; "postern gateway connectors list" shows those that are registered`,
  'postern version': '"postern --version" prints it',
  'postern proxy-dns': 'names are looked up by the system',
}

/** Variables that stand for one of the options: nobody is told that it is unknown. */
const variables: Readonly<Record<string, string>> = {
  TUNNEL_EDGE: '--edge',
  TUNNEL_REGION: '--region',
  TUNNEL_API_URL: '--api-url',
  TUNNEL_EDGE_BIND_ADDRESS: '--edge-bind-address',
  TUNNEL_BASTION: '--bastion',
  TUNNEL_SOCKS: '--socks5',
  TUNNEL_UNIX_SOCKET: '--unix-socket',
  TUNNEL_HELLO_WORLD: '--hello-world',
  TUNNEL_PIDFILE: '--pidfile',
  TUNNEL_LOGFILE: '--logfile',
  TUNNEL_LOGDIRECTORY: '--log-directory',
  TUNNEL_LOG_OUTPUT: '--output',
}

/** The commands that take cloudflared's options. */
const taking = /^postern (?:tunnel|access|service)\b/

/** What to do instead of an option of cloudflared's; undefined for any other word, or another command. */
export function adviceOnOption(command: string, option: string): string | undefined {
  return taking.test(command) && Object.hasOwn(options, option) ? options[option] : undefined
}

/** Those of cloudflared's variables for a connector that are set and have no effect, each with what to do instead. */
export function variablesWithoutEffect(
  env: Readonly<Partial<Record<string, string>>>,
): readonly { readonly variable: string; readonly hint: string }[] {
  return Object.entries(variables)
    .filter(([variable]) => (env[variable] ?? '') !== '')
    .map(([variable, option]) => ({ variable, hint: options[option] ?? '' }))
}

/** The same of a command, by its whole path, such as `postern tunnel cleanup`. */
export function adviceOnCommand(path: string): string | undefined {
  return Object.hasOwn(commands, path) ? commands[path] : undefined
}
