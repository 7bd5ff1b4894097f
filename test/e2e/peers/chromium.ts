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
import { program } from '../peers.ts'
import type { GatewayRig } from '../rig.ts'
import type { Scope } from '../scope.ts'
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

/** Starts Debian's Chromium with a profile of its own that believes the gateway's certificate. */
export async function startChromium(
  scope: Scope,
  rig: Pick<GatewayRig, 'home'>,
  ...options: readonly string[]
): Promise<Chromium> {
  return launch(scope, rig, program('chromium'), options)
}

/** The same on another machine, whose network and names it has. */
export async function startChromiumOn(
  { command }: Pick<Machine, 'command'>,
  scope: Scope,
  rig: Pick<GatewayRig, 'home'>,
): Promise<Chromium> {
  const [enter, args] = command(program('chromium'), [])
  const executable = join(scope.directory, 'chromium-there')
  // Replaces the shell, so that Playwright has Chromium itself to speak with and to end.
  const script = `#!/bin/sh\nexec '${[enter, ...args].join("' '")}' "$@"\n`
  await writeFile(executable, script, { mode: 0o755 })
  return launch(scope, rig, executable, [])
}

async function launch(
  scope: Scope,
  rig: Pick<GatewayRig, 'home'>,
  executable: string,
  options: readonly string[],
): Promise<Chromium> {
  const pin = await publicKeyPin(join(rig.home, 'cert.pem'))
  const home = join(scope.directory, 'chromium')
  const args = [...options, `--ignore-certificate-errors-spki-list=${pin}`]
  const context = await chromium.launchPersistentContext(join(home, 'profile'), {
    ...launchOptions(home, scope.directory, args),
    executablePath: executable,
  })
  scope.defer(() => context.close())
  return { context, page: context.pages()[0] ?? (await context.newPage()), ...watch(context) }
}

/**
 * A page of a Chromium that all tests of the file have in common, with cookies and storage of its own: for
 * origins without TLS. Half of what such a test took was the start of a browser.
 */
export async function openChromium(scope: Scope): Promise<Chromium> {
  common ??= startCommon()
  const { browser } = await common
  const context = await browser.newContext()
  scope.defer(() => context.close())
  return { context, page: await context.newPage(), ...watch(context) }
}

let common: Promise<{ readonly browser: Browser; readonly home: string }> | undefined

after(async () => {
  if (common === undefined) return
  const { browser, home } = await common
  await browser.close()
  await rm(home, { recursive: true, force: true })
})

async function startCommon(): Promise<{ readonly browser: Browser; readonly home: string }> {
  const home = await mkdtemp(join(tmpdir(), 'postern-chromium-'))
  return { browser: await chromium.launch(launchOptions(home, home, [])), home }
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
