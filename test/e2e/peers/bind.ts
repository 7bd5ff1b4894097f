import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../../src/net/free-port.fixture.ts'
import type { DnsSettings } from '../../../src/publish/dns/settings.ts'
import { runChild, startChild } from '../child.ts'
import { program } from '../peers.ts'
import { untilListening } from '../ports.ts'
import type { Scope } from '../scope.ts'

export interface Bind {
  /** By which the zone `site.com` may be updated. */
  readonly settings: DnsSettings
  readonly port: number
  /** What a resolver is answered: the data of each record. */
  lookUp(name: string, type: string): Promise<readonly string[]>
}

const secret = Buffer.alloc(32, 5)

/**
 * Starts a BIND on loopback with the zone `site.com`, which a key may update below the apex, `narrow.com`, where it may
 * write one name, and `locked.com`, where none; every name below `example.test` is this machine.
 */
export async function startBind(scope: Scope): Promise<Bind> {
  const port = await freePort()
  const directory = join(scope.directory, 'bind')
  await mkdir(directory)
  // It may drop its rights to another user's.
  await chmod(scope.directory, 0o755)
  await chmod(directory, 0o777)
  for (const zone of ['site.com', 'narrow.com', 'locked.com'])
    await writeFile(join(directory, zone), zoneText)
  await writeFile(join(directory, 'example.test'), `${zoneText}* A 127.0.0.1\n@ A 127.0.0.1\n`)
  const path = join(directory, 'named.conf')
  await writeFile(path, configText(directory, port))
  const server = startChild(scope, program('named'), ['-g', '-4', '-n', '1', '-c', path])
  await server.says(/running/)
  await untilListening(port, server)
  return {
    port,
    settings: {
      server: { host: '127.0.0.1', port },
      zone: 'site.com',
      key: { name: 'postern-key', algorithm: 'hmac-sha256', secret },
      ttlSeconds: 60,
      target: 'gw.example.com',
    },
    async lookUp(name, type) {
      const args = ['@127.0.0.1', '-p', String(port), '+short', '+tcp', '+norecurse', name, type]
      const { output } = await runChild(scope, program('dig'), args)
      return output.split('\n').filter((line) => line !== '')
    },
  }
}

const zoneText = `$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
www A 192.0.2.80
`

function configText(directory: string, port: number): string {
  return `options {
  directory "${directory}"; pid-file "${directory}/named.pid"; session-keyfile "${directory}/session.key";
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no; notify no; managed-keys-directory "${directory}";
};
controls { };
key "postern-key" { algorithm hmac-sha256; secret "${secret.toString('base64')}"; };
zone "site.com" { type primary; file "site.com"; update-policy { grant postern-key wildcard *.site.com. ANY; }; };
zone "narrow.com" { type primary; file "narrow.com"; update-policy { grant postern-key name www.narrow.com. A; }; };
zone "locked.com" { type primary; file "locked.com"; };
zone "example.test" { type primary; file "example.test"; };
`
}
