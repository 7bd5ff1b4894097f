import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createCertificateAuthority } from '../../../src/net/certificate.ts'
import { freePort } from '../../../src/net/free-port.fixture.ts'
import { mustRun, startChild, type Child, type ChildOptions } from '../child.ts'
import { program } from '../peers.ts'
import type { Scope } from '../scope.ts'
import type { Namespace } from './namespaces.ts'

/** Let's Encrypt's ACME server for tests (https://github.com/letsencrypt/pebble). */
const version = 'v2.10.3'
const folder = join(import.meta.dirname, '../../../node_modules/.cache/postern/pebble', version)

export interface PebbleOptions {
  /** Where it looks for proofs. */
  readonly tlsPort: number
  readonly httpPort: number
  /** Of the DNS server that it asks. **Default:** it resolves names as its machine does */
  readonly dnsPort?: number
  /** Where it runs. **Default:** on this machine */
  readonly machine?: Pick<Namespace, 'start' | 'command'>
  /** How long certificates hold, in seconds. **Default:** 90 days */
  readonly validitySeconds?: number
  /** Where its certificates say that OCSP answers about them are; it gives none itself. **Default:** nowhere */
  readonly ocspResponderUrl?: string
  /** Accounts that it knows already; then it takes no others. */
  readonly externalAccounts?: Readonly<Record<string, string>>
}

export interface Pebble {
  readonly directoryUrl: string
  /** PEM file: by what its own certificate is known. */
  readonly caFile: string
  /** The certificate of the authority that its certificates go back to, PEM. */
  root(): Promise<string>
  /** Of whoever signs its certificates: its own certificate, and its key, PEM. */
  issuer(): Promise<{ readonly cert: string; readonly key: string }>
  readonly child: Child
}

/** Builds it, unless that was done before. */
async function build(scope: Scope): Promise<string> {
  const path = join(folder, 'pebble')
  if (!existsSync(path)) {
    const kept = [
      'HOME',
      'PATH',
      'GOPROXY',
      'GOSUMDB',
      'GOFLAGS',
      'GOPATH',
      'GOMODCACHE',
      'GOCACHE',
    ]
    const env = Object.fromEntries(kept.flatMap((name) => [[name, process.env[name] ?? '']]))
    const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
    const what = `github.com/letsencrypt/pebble/v2/cmd/pebble@${version}`
    // Two files of tests may build it at once: each puts a whole one in its place.
    const own = await mkdtemp(join(await madeFolder(), 'build-'))
    await mustRun(scope, program('go'), ['install', what], {
      env: { ...given, GOBIN: own, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' },
    })
    await rename(join(own, 'pebble'), path)
    await rm(own, { recursive: true })
  }
  return path
}

async function madeFolder(): Promise<string> {
  await mkdir(folder, { recursive: true })
  return folder
}

/** Starts one on loopback; it forgets everything with its end. */
export async function startPebble(scope: Scope, options: PebbleOptions): Promise<Pebble> {
  const path = await build(scope)
  const [port, managementPort] = [await freePort(), await freePort()]
  const authority = await createCertificateAuthority({ name: 'ACME server' })
  const own = await authority.issue(['localhost', '127.0.0.1'])
  const place = (name: string): string => join(scope.directory, `pebble-${name}`)
  await writeFile(place('ca.pem'), authority.cert)
  await writeFile(place('cert.pem'), own.cert)
  await writeFile(place('key.pem'), own.key)
  const { externalAccounts } = options
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate: place('cert.pem'),
    privateKey: place('key.pem'),
    httpPort: options.httpPort,
    tlsPort: options.tlsPort,
    ocspResponderURL: options.ocspResponderUrl ?? '',
    externalAccountBindingRequired: externalAccounts !== undefined,
    externalAccountMACKeys: externalAccounts ?? {},
    profiles: {
      default: { description: 'of a test', validityPeriod: options.validitySeconds ?? 7_776_000 },
    },
  }
  await writeFile(place('config.json'), JSON.stringify({ pebble }))
  const { machine, dnsPort } = options
  const args = [
    '-config',
    place('config.json'),
    ...(dnsPort === undefined ? [] : ['-dnsserver', `127.0.0.1:${dnsPort}`]),
  ]
  const childOptions: ChildOptions = { env: { PEBBLE_VA_NOSLEEP: '1' } }
  const child =
    machine?.start(path, args, childOptions) ?? startChild(scope, path, args, childOptions)
  await child.says(/ACME directory available/)
  const managed = async (path: string): Promise<string> => {
    const url = `https://127.0.0.1:${managementPort}/${path}`
    const asked = ['-sS', '--cacert', place('ca.pem'), url]
    const [command, line] = machine?.command(program('curl'), asked) ?? [program('curl'), asked]
    const { output } = await mustRun(scope, command, line)
    return output
  }
  return {
    directoryUrl: `https://127.0.0.1:${port}/dir`,
    caFile: place('ca.pem'),
    child,
    root: () => managed('roots/0'),
    issuer: async () => ({
      cert: await managed('intermediates/0'),
      key: await managed('intermediate-keys/0'),
    }),
  }
}
