/**
 * Paths the gateway serves itself, on every host name it is reached by. The names are Pomerium's, so
 * that stock clients find them.
 */
export const gatewayPaths = {
  /** `GET`: answers the address to sign in at, as plain text. */
  login: '/.pomerium/api/v1/login',
  /** `POST`: exchanges a one-time code for a token. Ours; Pomerium has no such path. */
  token: '/.pomerium/api/v1/token',
  /** `GET`: the routes somebody may use, as JSON. */
  routes: '/.pomerium/api/v1/routes',
  signIn: '/.pomerium/sign_in',
  signOut: '/.pomerium/sign_out',
  /** Where a browser comes back to on the host it wanted to see. */
  callback: '/.pomerium/callback/',
  /** `POST`: the provider says that somebody is signed out there. Beside `callbackPath`, since both are entered there. */
  providerLogout: '/oauth2/backchannel-logout',
  /** Users and groups of the company's directory (RFC 7644). */
  scim: '/scim/v2',
  health: '/healthz',
  /** `GET` with `Upgrade: websocket`, followed by `host:port`: a tunnel where CONNECT does not pass. */
  tunnel: '/.postern/v1/tunnel/',
  /** `GET`, followed by a tunnel's id: why it was cut. */
  cut: '/.postern/v1/cut/',
  /** The page, followed by a request id, that says to whoever was refused why. */
  refused: '/.postern/refused/',
  /** With a token: requests for access for a while, see `access-request.ts`. */
  requests: '/.postern/v1/requests',
  /** `GET` with a token: what its session has open, see `own-tunnels.ts`. */
  tunnels: '/.postern/v1/tunnels',
  /** `POST` with a token: a short-lived SSH certificate (`ssh-sign.ts`). */
  sshSign: '/.postern/v1/ssh/sign',
  /** `POST`: a code for a machine without a browser (RFC 8628 §3.1). */
  deviceCode: '/.postern/v1/device/code',
  /** `POST`: asks whether somebody has approved it (RFC 8628 §3.4). */
  deviceToken: '/.postern/v1/device/token',
  /** The page on which a person approves it. */
  device: '/.postern/device',
  deviceDone: '/.postern/device/done',
  /** The page on which somebody is given a publish credential for a machine. */
  publishLogin: '/.postern/publish',
  /** `POST`: a code for a machine that is to publish. */
  publishCode: '/.postern/v1/publish/login/code',
  /** `POST`: asks for its credential. */
  publishToken: '/.postern/v1/publish/login/token',
  /** What a publisher may do, see `publish.ts`. */
  publish: '/.postern/v1/publish/',
  /** The page on which somebody sees and changes their passkeys. */
  passkeys: '/.postern/passkeys',
  /** The script of both pages, and of the one that signs in with a passkey. */
  passkeyFiles: '/.postern/passkey-files/',
  /** `POST` with a token: ends its session. */
  endSession: '/.postern/v1/sign_out',
  /** `POST` with a token: one of an application, for stock cloudflared. */
  applicationToken: '/.postern/v1/application-token',
  /** `GET`, followed by the name of a file: an executable, or `SHA256SUMS`. Nobody signs in for it. */
  downloads: '/.postern/downloads/',
  /** `GET`: a script for a POSIX shell that installs an executable. */
  installScript: '/.postern/install.sh',
  /** The same for PowerShell. */
  installPowerShell: '/.postern/install.ps1',
  /** `GET` with a token: whose it is. */
  user: '/.pomerium/user',
} as const

/** Paths that stay the gateway's on every host, an application's included; `/cdn-cgi/access/` is Cloudflare's. */
const ownPrefixes = ['/.postern/', '/.pomerium/', '/cdn-cgi/access/', '/oauth2/'] as const

/** Whether a path is one of those, whatever host it is on. */
export function isOwnPath(path: string): boolean {
  return ownPrefixes.some((prefix) => path.startsWith(prefix))
}
