import { startChild } from '../child.ts'
import { program } from '../peers.ts'
import { freePort } from '../../../src/net/free-port.fixture.ts'
import { untilListening } from '../ports.ts'
import type { Scope } from '../scope.ts'
import type { ServiceCertificate } from './service-certificate.ts'

export interface RedisOptions {
  /** A user, beside whom nobody may do anything. **Default:** everybody may do everything */
  readonly user?: { readonly name: string; readonly password: string }
  /** A second port, where TLS is spoken. */
  readonly tls?: { readonly port: number; readonly certificate: ServiceCertificate }
}

/** Starts a Redis that keeps nothing on disk; resolves to its port. */
export async function startRedis(scope: Scope, options: RedisOptions = {}): Promise<number> {
  const port = await freePort()
  const settings = { port, bind: '127.0.0.1', save: '""', appendonly: 'no', dir: scope.directory }
  const lines = [
    ...Object.entries(settings).map(([name, value]) => `${name} ${value}`),
    ...userLines(options),
    ...tlsLines(options),
  ]
  const server = startChild(scope, program('redis-server'), ['-'])
  server.stdin.end(`${lines.join('\n')}\n`)
  await untilListening(port, server)
  return port
}

function userLines({ user }: RedisOptions): string[] {
  if (user === undefined) return []
  return ['user default off', `user ${user.name} on >${user.password} ~* &* +@all`]
}

function tlsLines({ tls }: RedisOptions): string[] {
  if (tls === undefined) return []
  const { certFile, keyFile } = tls.certificate
  return [
    `tls-port ${tls.port}`,
    `tls-cert-file ${certFile}`,
    `tls-key-file ${keyFile}`,
    `tls-ca-cert-file ${certFile}`,
    'tls-auth-clients no',
  ]
}
