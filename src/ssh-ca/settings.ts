/** Where the accounts come from that a certificate lets somebody in to. */
export type PrincipalsFrom =
  /** The local part of a verified email address in one of these domains, in lower case. */
  | { readonly kind: 'email'; readonly domains: readonly string[] }
  /** A claim of the provider: one name or a list of them. */
  | { readonly kind: 'claim'; readonly claim: string }
  /** The same for everybody who gets one. */
  | { readonly kind: 'fixed'; readonly names: readonly [string, ...string[]] }

/** What a session over SSH may be allowed, by the names of PROTOCOL.certkeys. */
export const sshExtensions = [
  'permit-agent-forwarding',
  'permit-port-forwarding',
  'permit-pty',
  'permit-user-rc',
  'permit-X11-forwarding',
] as const
export type SshExtension = (typeof sshExtensions)[number]

/** What certificates of this gateway say. */
export interface SshCaSettings {
  readonly principals: PrincipalsFrom
  /** How long one holds, in milliseconds. */
  readonly lifetimeMs: number
  readonly extensions: readonly SshExtension[]
}
