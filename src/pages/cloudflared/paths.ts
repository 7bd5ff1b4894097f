/** Where stock cloudflared and browsers ask, on an application's host and the gateway's own. */
export const cloudflaredPaths = {
  /** A redirect that leads below it says "sign in first". */
  login: '/cdn-cgi/access/login',
  /** Where cloudflared sends the browser. */
  cli: '/cdn-cgi/access/cli',
  /** The public keys of applications' tokens. */
  certs: '/cdn-cgi/access/certs',
  identity: '/cdn-cgi/access/get-identity',
  logout: '/cdn-cgi/access/logout',
} as const

/** Asks for signed metadata of an application, and carries it. */
export const metadataHeaders = {
  request: 'cf-access-metadata-request',
  answer: 'cf-access-metadata',
} as const
