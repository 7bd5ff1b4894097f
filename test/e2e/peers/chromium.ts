import { createHash, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import {
  chromium,
  type Browser,
  type BrowserContext,
  type LaunchOptions,
  type Page,
} from 'playwright-core'
import { firstProgram, program } from '../peers.ts'
import type { GatewayRig } from '../rig.ts'
import type { Scope } from '../scope.ts'
import { watchBrowser } from '../secrets/browser.ts'
import type { Machine } from './namespaces.ts'

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

/**
 * A page of Debian's Chromium that believes the gateway's certificate, with options for its command line. Tests of a file have one in common, in which each has
 * cookies and storage of its own: half of what such a test took was the start of a browser.
 */
export async function startChromium(
  scope: Scope,
  rig: Pick<GatewayRig, 'home'>,
  ...options: readonly string[]
): Promise<Chromium> {
  return openPage(scope, pageEngine(), [...options, await believe(rig)])
}

/** The same with a profile of its own, to which a page can be installed. */
export async function startOwnChromium(
  scope: Scope,
  rig: Pick<GatewayRig, 'home'>,
): Promise<Chromium> {
  return launch(scope, rig, program('chromium'))
}

/** The same on another machine, whose network and names it has. */
export async function startChromiumOn(
  { command }: Pick<Machine, 'command'>,
  scope: Scope,
  rig: Pick<GatewayRig, 'home'>,
): Promise<Chromium> {
  const [enter, args] = command(pageEngine(), [])
  const executable = join(scope.directory, 'chromium-there')
  // Replaces the shell, so that Playwright has Chromium itself to speak with and to end.
  const script = `#!/bin/sh\nexec '${[enter, ...args].join("' '")}' "$@"\n`
  await writeFile(executable, script, { mode: 0o755 })
  return launch(scope, rig, executable)
}

async function launch(
  scope: Scope,
  rig: Pick<GatewayRig, 'home'>,
  executable: string,
): Promise<Chromium> {
  const home = join(scope.directory, 'chromium')
  const args = [await believe(rig)]
  const context = await chromium.launchPersistentContext(join(home, 'profile'), {
    ...launchOptions(home, scope.directory, args),
    executablePath: executable,
  })
  scope.defer(() => context.close())
  watchBrowser(scope, context)
  return { context, page: context.pages()[0] ?? (await context.newPage()), ...watch(context) }
}

/** The same for origins without TLS. */
export async function openChromium(scope: Scope): Promise<Chromium> {
  return openPage(scope, pageEngine(), [])
}

/** The same in Chromium itself: for pages of several programs at one address, of which a test never ends in the shell. */
export async function openWholeChromium(scope: Scope): Promise<Chromium> {
  return openPage(scope, program('chromium'), [])
}

async function openPage(
  scope: Scope,
  executable: string,
  args: readonly string[],
): Promise<Chromium> {
  const key = [executable, ...args].join(' ')
  const starting = common.get(key) ?? startCommon(executable, args)
  common.set(key, starting)
  const { browser } = await starting
  const context = await browser.newContext()
  scope.defer(() => context.close())
  watchBrowser(scope, context)
  return { context, page: await context.newPage(), ...watch(context) }
}

interface CommonBrowser {
  readonly browser: Browser
  readonly home: string
}

/** By their options. */
const common = new Map<string, Promise<CommonBrowser>>()

after(async () => {
  for (const starting of common.values()) {
    const { browser, home } = await starting
    await browser.close()
    await rm(home, { recursive: true, force: true })
  }
})

async function startCommon(
  executablePath: string,
  args: readonly string[],
): Promise<CommonBrowser> {
  const home = await mkdtemp(join(tmpdir(), 'postern-chromium-'))
  const options = { ...launchOptions(home, home, args), executablePath }
  return { browser: await chromium.launch(options), home }
}

/**
 * Chromium without what is around a page, tabs and menus that nobody sees: that is a page of its own, and takes more of a
 * processor than many of ours. Pages are worked out and drawn by the same code.
 */
function pageEngine(): string {
  return firstProgram('chromium-headless-shell', 'chromium')
}

function launchOptions(home: string, directory: string, args: readonly string[]): LaunchOptions {
  return {
    executablePath: program('chromium'),
    // As root Chromium has no sandbox, and the pages are our own.
    chromiumSandbox: false,
    args: [...quiet, ...args],
    env: { HOME: home, TMPDIR: directory, PATH: '/usr/bin:/bin' },
  }
}

/** The option that takes a certificate of the gateway's key, by base64 of its SHA-256. */
async function believe({ home }: Pick<GatewayRig, 'home'>): Promise<string> {
  const { publicKey } = new X509Certificate(await readFile(join(home, 'cert.pem')))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const pin = createHash('sha256').update(spki).digest('base64')
  return `--ignore-certificate-errors-spki-list=${pin}`
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
