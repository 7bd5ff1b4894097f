import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { silentLogger } from '../log.ts'
import { createGatewayClient, type GatewayClient } from './gateway-client.ts'
import { parseGatewayUrl } from '../reach/destination.ts'
import { followSignIn, type FakeGateway } from '../reach/fake-gateway.fixture.ts'
import type { Trust } from '../reach/trust.ts'

export const never = new AbortController().signal

export interface Rig extends AsyncDisposable {
  readonly client: GatewayClient
  readonly cacheDirectory: string
  /** Where it keeps tokens, below that one. */
  readonly directory: string
  /** Addresses that were shown for a sign-in. */
  readonly shown: string[]
  /** How many tabs were opened for them. */
  readonly tabs: () => number
}

export interface RigOptions {
  /** What the browser does; `onFailed` is for one that cannot be started. */
  readonly signIn?: (url: string, onFailed: () => void) => unknown
  readonly serviceAccountToken?: string
  readonly trust?: Partial<Trust>
  readonly cacheDirectory?: string
  readonly url?: string
}

/** A client of a fake gateway, whose caches are gone with it. */
export async function openRig(gateway: FakeGateway, options: RigOptions = {}): Promise<Rig> {
  const cacheDirectory = options.cacheDirectory ?? (await mkdtemp(join(tmpdir(), 'postern-')))
  const shown: string[] = []
  let tabs = 0
  const client = createGatewayClient({
    gateway: parseGatewayUrl(options.url ?? gateway.origin),
    trust: {
      isVerified: true,
      extraCa: [gateway.ca],
      clientCertificate: undefined,
      ...options.trust,
    },
    presentSignIn(url, tab, onFailed) {
      shown.push(url)
      if (tab === 'open') tabs += 1
      void (options.signIn ?? followSignIn)(url, onFailed)
    },
    serviceAccountToken: options.serviceAccountToken,
    log: silentLogger,
    cacheDirectory,
  })
  return {
    client,
    cacheDirectory,
    directory: join(cacheDirectory, 'tokens'),
    shown,
    tabs: () => tabs,
    async [Symbol.asyncDispose]() {
      await client.destroy()
      if (options.cacheDirectory === undefined) await rm(cacheDirectory, { recursive: true })
    },
  }
}

export async function roundTrip(tunnel: Duplex, bytes = randomBytes(1000)): Promise<void> {
  const received = collect(tunnel)
  tunnel.end(bytes)
  assert.ok((await received).equals(bytes))
}

/** Everything until the end; unlike `stream/consumers` it leaves the writable side open. */
export function collect(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    stream.once('end', () => resolve(Buffer.concat(chunks)))
    stream.once('error', reject)
    stream.once('close', () => reject(new Error('closed before its end')))
  })
}
