import { createHash, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { program } from '../peers.ts'
import type { GatewayRig } from '../rig.ts'
import type { Scope } from '../scope.ts'

/** A page of a headless Chromium, and what went wrong in it. */
export interface Chromium {
  readonly context: BrowserContext
  readonly page: Page
  /** Script errors and whatever the console calls an error, security policies included. */
  readonly faults: readonly string[]
  /** `host:port` of everything that was asked for. */
  readonly hosts: ReadonlySet<string>
}

const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts Debian's Chromium with a profile of its own that believes the gateway's certificate. */
export async function startChromium(
  scope: Scope,
  rig: Pick<GatewayRig, 'home'>,
  ...options: readonly string[]
): Promise<Chromium> {
  const pin = await publicKeyPin(join(rig.home, 'cert.pem'))
  const home = join(scope.directory, 'chromium')
  const context = await chromium.launchPersistentContext(join(home, 'profile'), {
    executablePath: program('chromium'),
    // As root Chromium has no sandbox, and the pages are our own.
    chromiumSandbox: false,
    args: [...quiet, ...options, `--ignore-certificate-errors-spki-list=${pin}`],
    env: { HOME: home, TMPDIR: scope.directory, PATH: '/usr/bin:/bin' },
  })
  scope.defer(() => context.close())
  return { context, page: context.pages()[0] ?? (await context.newPage()), ...watch(context) }
}

/** As `--ignore-certificate-errors-spki-list` wants it: base64 of the key's SHA-256. */
async function publicKeyPin(path: string): Promise<string> {
  const { publicKey } = new X509Certificate(await readFile(path))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('base64')
}

function watch(context: BrowserContext): Pick<Chromium, 'faults' | 'hosts'> {
  const faults: string[] = []
  const hosts = new Set<string>()
  context.on('request', (request) => void hosts.add(new URL(request.url()).host))
  context.on('weberror', (error) => void faults.push(error.error().message))
  context.on('console', (message) => {
    // Chromium says this of every page that was answered with an error, as some here are.
    if (message.type() !== 'error' || /the server responded with a status/.test(message.text()))
      return
    faults.push(`${message.page()?.url()}: ${message.text()}`)
  })
  return { faults, hosts }
}
