import { AppError, ConfigError } from '../../errors.ts'

/** What the program's end tells a script. Stable: printed by `--help`, never renumbered. */
export const exitCodes = {
  ok: 0,
  internal: 1,
  usage: 2,
  signIn: 3,
  denied: 4,
  noRoute: 5,
  upstream: 6,
  gateway: 7,
  system: 8,
  lost: 9,
  cut: 10,
  policyTest: 11,
  tampered: 12,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Takes the code that a command ends with. */
export type ExitWith = (exitCode: number) => void

/** One line for each code, for `--help`. */
export const exitCodeMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'everything went well',
  1: 'an error of postern itself',
  2: 'the command line or a configuration is wrong',
  3: 'nobody signed in, or the service account is not accepted',
  4: 'access is denied',
  5: 'the gateway has no such route',
  6: 'the service behind the gateway cannot be reached',
  7: 'the gateway, or the proxy before it, cannot be reached or is not trusted',
  8: 'this machine is in the way: an address in use, a file that cannot be read',
  9: 'the tunnel was lost before its end',
  10: 'the gateway cut the tunnel, and says why',
  11: 'a test of a policy did not come out as expected',
  12: 'the audit log is not what was written, or not what was signed',
}

/** The lines of `--help` about these codes. */
export function exitCodeLines(names: readonly (keyof typeof exitCodes)[]): string {
  const width = Math.max(...names.map((name) => String(exitCodes[name]).length))
  return names
    .map(
      (name) =>
        `  ${String(exitCodes[name]).padStart(width)}  ${exitCodeMeanings[exitCodes[name]]}`,
    )
    .join('\n')
}

const byErrorCode: Readonly<Record<string, ExitCode>> = {
  'invalid-destination': exitCodes.usage,
  'invalid-gateway-url': exitCodes.usage,
  'gateway-missing': exitCodes.usage,
  'invalid-user': exitCodes.usage,
  'invalid-domain': exitCodes.usage,
  'invalid-path': exitCodes.usage,
  'invalid-tunnel-token': exitCodes.usage,
  'no-credential': exitCodes.usage,
  'no-service': exitCodes.usage,
  'no-config': exitCodes.usage,
  'invalid-service-name': exitCodes.usage,
  'secret-in-unit': exitCodes.usage,
  'not-for-a-service': exitCodes.usage,
  'service-not-installed': exitCodes.usage,
  'service-name-taken': exitCodes.usage,
  'service-not-written': exitCodes.system,
  'service-unsupported': exitCodes.system,
  'service-failed': exitCodes.system,
  'cloudflared-files-unwritable': exitCodes.system,
  'gateway-too-old': exitCodes.gateway,
  'connector-not-found': exitCodes.usage,
  'invalid-service': exitCodes.usage,
  'invalid-option': exitCodes.usage,
  'tunnel-refused': exitCodes.denied,
  'invalid-listen-address': exitCodes.usage,
  'hostname-missing': exitCodes.usage,
  'invalid-hostname': exitCodes.usage,
  'bastion-target-missing': exitCodes.usage,
  'no-bastion': exitCodes.usage,
  'invalid-header': exitCodes.usage,
  'invalid-configuration-file': exitCodes.usage,
  'invalid-publish-credential': exitCodes.usage,
  'invalid-tunnel-name': exitCodes.usage,
  'tunnel-not-found': exitCodes.usage,
  'tunnel-exists': exitCodes.usage,
  'tunnel-name-reserved': exitCodes.usage,
  'tunnel-connected': exitCodes.usage,
  'tunnel-in-use': exitCodes.usage,
  'tunnel-busy': exitCodes.system,
  'too-many-named-tunnels': exitCodes.usage,
  'hostname-taken': exitCodes.usage,
  'hostname-outside-site': exitCodes.usage,
  'hostname-not-covered': exitCodes.usage,
  'hostname-not-found': exitCodes.usage,
  'site-not-found': exitCodes.usage,
  'too-many-hostnames': exitCodes.usage,
  'too-many-publish-credentials': exitCodes.usage,
  'publish-credential-not-found': exitCodes.usage,
  'publishing-off': exitCodes.usage,
  'not-logged-in': exitCodes.signIn,
  'publish-credential-required': exitCodes.signIn,
  'publish-credential-invalid': exitCodes.signIn,
  'publish-credential-revoked': exitCodes.signIn,
  'publish-credential-expired': exitCodes.signIn,
  'publish-denied': exitCodes.denied,
  'credential-unreadable': exitCodes.gateway,
  'credential-unusable': exitCodes.system,
  'home-missing': exitCodes.system,
  'curl-missing': exitCodes.system,
  'ssh-key-unusable': exitCodes.system,
  'forwarders-unreadable': exitCodes.system,
  'client-key-missing': exitCodes.usage,
  'invalid-service-account': exitCodes.usage,
  'sign-in-failed': exitCodes.signIn,
  'sign-in-timeout': exitCodes.signIn,
  'sign-in-cancelled': exitCodes.signIn,
  'sign-in-rejected': exitCodes.signIn,
  'service-account-rejected': exitCodes.signIn,
  'not-signed-in': exitCodes.signIn,
  'policy-denied': exitCodes.denied,
  'person-blocked': exitCodes.denied,
  'block-not-found': exitCodes.usage,
  'own-block': exitCodes.usage,
  'too-many-blocked': exitCodes.system,
  'bastion-target-refused': exitCodes.denied,
  'device-not-allowed': exitCodes.denied,
  'no-ssh-certificates': exitCodes.denied,
  'too-many-tunnels': exitCodes.denied,
  'client-certificate-required': exitCodes.denied,
  'route-not-found': exitCodes.noRoute,
  'route-ambiguous': exitCodes.usage,
  'upstream-unreachable': exitCodes.upstream,
  'gateway-unreachable': exitCodes.gateway,
  'gateway-not-trusted': exitCodes.gateway,
  'no-websocket': exitCodes.gateway,
  'same-user-unsupported': exitCodes.usage,
  'same-user-unavailable': exitCodes.system,
  'not-a-gateway': exitCodes.gateway,
  'protocol-unknown': exitCodes.gateway,
  'proxy-unreachable': exitCodes.gateway,
  'proxy-not-trusted': exitCodes.gateway,
  'proxy-refused': exitCodes.gateway,
  'invalid-proxy': exitCodes.usage,
  'unexpected-answer': exitCodes.gateway,
  'gateway-exhausted': exitCodes.gateway,
  'gateway-leaving': exitCodes.gateway,
  'address-in-use': exitCodes.system,
  'address-not-allowed': exitCodes.system,
  'cannot-listen': exitCodes.system,
  'store-failed': exitCodes.system,
  'store-busy': exitCodes.system,
  'store-closed': exitCodes.system,
  'certificate-unreadable': exitCodes.system,
  'service-account-unreadable': exitCodes.system,
  'address-not-here': exitCodes.system,
  'metrics-address-unavailable': exitCodes.system,
  'state-directory-unusable': exitCodes.system,
  'state-directory-in-use': exitCodes.system,
  'database-unusable': exitCodes.system,
  'database-too-new': exitCodes.system,
  'token-key-missing': exitCodes.usage,
  'audit-unreadable': exitCodes.system,
  'invalid-verifier-key': exitCodes.usage,
  'gateway-not-running': exitCodes.system,
  'control-not-allowed': exitCodes.system,
  'session-not-found': exitCodes.usage,
  'service-account-exists': exitCodes.usage,
  'service-account-not-found': exitCodes.usage,
  'service-account-expired': exitCodes.usage,
  'invalid-service-account-request': exitCodes.usage,
  'user-id-in-use': exitCodes.usage,
  'no-identity-provider': exitCodes.usage,
  'output-exists': exitCodes.usage,
  'output-unusable': exitCodes.system,
  'output-failed': exitCodes.system,
  'service-account-busy': exitCodes.system,
  'too-many-service-accounts': exitCodes.system,
  'tunnel-lost': exitCodes.lost,
  'tunnel-cut': exitCodes.cut,
}

/** The exit code for whatever ended the program. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof ConfigError) return exitCodes.usage
  if (!(error instanceof AppError)) return exitCodes.internal
  return byErrorCode[error.code] ?? exitCodes.internal
}

/** The exit code of a program that a signal ended, as shells have it. */
export function exitCodeOfSignal(signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM'): number {
  return 128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal]
}
