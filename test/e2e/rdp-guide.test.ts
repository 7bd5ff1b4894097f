import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { describe } from 'node:test'
import { freePort } from '../../src/net/free-port.fixture.ts'
import {
  carriedByConnector,
  readBehindConnector,
  type BehindConnector,
} from './behind-connector.ts'
import { type Child, inTime } from './child.ts'
import {
  failLine,
  listenInstead,
  listenLine,
  openGuide,
  openLine,
  readerAt,
  runLine,
  type Guide,
} from './guide.ts'
import { peerTest } from './peers.ts'
import { serviceCertificate } from './peers/service-certificate.ts'
import { startXrdp, type Xrdp } from './peers/xrdp.ts'
import { startXvfb, type VirtualScreen } from './peers/xvfb.ts'
import type { Person } from './person.ts'
import { alice, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { startTap, type Tap } from './tap.ts'

const user = 'postern-rdp'
const password = 'right horse'
const colour = 0x12a4f6
/** What the desktop is: one program that fills much of the screen with the colour. */
const desktopProgram = 'xmessage'
const desktop = `exec ${desktopProgram} -geometry 640x480 -bg '#12a4f6' -fg '#12a4f6' -buttons '' x`
const enoughPixels = 100_000
/** The page's, which stands for the one of the reader's desktop. */
const printedFingerprint =
  '06:FB:3E:81:ED:EE:19:91:2F:C6:63:43:2D:E6:92:32:DB:D8:D9:A3:62:B4:2E:AB:AB:DC:29:AB:86:C9:5A:33'
/** Longest start of a session, in milliseconds, and how often it is looked for. */
const maxSessionMs = 60_000
const lookMs = 200

describe('docs/services/rdp.md', () => {
  peerTest(
    'says what works: a desktop for the right password and none for a wrong one, a connector',
    ['xrdp', 'FreeRDP', 'Xvfb'],
    async (scope) => {
      const it = await startReader(scope)
      await checkWrongPassword(it)
      await checkDesktop(it)
      await checkCertificate(it)
      await checkBehindConnector(it)
      it.guide.finish()
    },
  )
})

interface Reader {
  readonly scope: Scope
  readonly guide: Guide
  readonly person: Person
  readonly xrdp: Xrdp
  readonly screen: VirtualScreen
  readonly tap: Tap
  readonly rig: GatewayRig
  readonly behind: BehindConnector
  /** `postern tcp`, while it listens. */
  readonly listening: Child
  /** Starts the guide's FreeRDP, or a changed one, and answers its question for the password. */
  connect(line: string, password: string): Child
  /** The guide's command for FreeRDP. */
  readonly line: string
}

async function startReader(scope: Scope): Promise<Reader> {
  const certificate = await serviceCertificate(scope, 'desktop.internal')
  const xrdp = await startXrdp(scope, certificate, { name: user, password, desktop })
  const tap = await startTap(scope, xrdp.port)
  const fingerprint = new X509Certificate(certificate.cert).fingerprint256
  const address = { '10.0.0.9:3389': `127.0.0.1:${tap.port}` }
  const behind = await readBehindConnector(scope, address)
  const guide = await openGuide('rdp', {
    standIns: {
      ...address,
      '13389': `${await freePort()}`,
      '/u:alice': `/u:${user}`,
      '--user alice': `--user ${user}`,
      '/etc/xrdp/cert.pem': certificate.certFile,
      [printedFingerprint]: fingerprint,
    },
    notRun: { 'mstsc /v:127.0.0.1:13389': 'needs Windows' },
  })
  const rig = await startRig(scope, guide.routes(), behind.settings)
  const person = await readerAt(scope, rig, alice)
  const screen = await startXvfb(scope)
  const listening = await listenLine(scope, person, guide.command(/^postern tcp /))
  const read = await runLine(scope, person, guide.command(/^openssl /))
  assert.equal(read.output, `sha256 Fingerprint=${fingerprint}\n`)
  return {
    scope,
    guide,
    person,
    xrdp,
    screen,
    tap,
    rig,
    behind,
    listening,
    line: guide.command(/^xfreerdp /),
    connect(line, secret) {
      const child = openLine(scope, person, line, { env: { DISPLAY: screen.display } })
      child.stdin.write(`${secret}\n`)
      return child
    },
  }
}

async function checkWrongPassword({ connect, line, xrdp, screen }: Reader): Promise<void> {
  const client = connect(line, 'wrong horse')
  await until(async () => /AUTHFAIL: user=postern-rdp/.test(await xrdp.sessionLog()), 'no answer')
  assert.deepEqual(await xrdp.processes(desktopProgram), [])
  assert.deepEqual(await xrdp.processes('Xorg'), [])
  assert.ok((await screen.pixels(colour)) < enoughPixels)
  await end(client)
}

/** The process runs, its picture arrives, and it is the same after another connection. */
async function checkDesktop({ connect, line, guide, xrdp, screen, tap }: Reader): Promise<void> {
  const client = connect(guide.command(/^postern connect /), password)
  await until(() => isShown(screen), 'no picture of the desktop')
  const running = await xrdp.processes(desktopProgram)
  assert.equal(running.length, 1)
  assert.ok(!tap.saw(password) && !tap.saw(Buffer.from(password, 'utf16le')))
  await end(client)

  await until(async () => !(await isShown(screen)), 'the picture stays')
  const again = connect(line, password)
  await until(() => isShown(screen), 'no picture of the desktop as it was left')
  assert.deepEqual(await xrdp.processes(desktopProgram), running)
  await end(again)
}

async function checkCertificate({ connect, line, screen }: Reader): Promise<void> {
  const client = connect(line.replace(/sha256:../, 'sha256:00'), password)
  await client.says(/certificate not trusted, aborting/)
  assert.ok((await screen.pixels(colour)) < enoughPixels)
  await end(client)
}

/**
 * The desktop as it was left, through a port that is chosen and through the page's; the page's once more is
 * an error, since a desktop answers there.
 */
async function checkBehindConnector(it: Reader): Promise<void> {
  const { scope, guide, person, connect, line, screen, rig, behind, listening } = it
  await behind.start(rig)
  const access = guide.command(/^postern access rdp /)
  for (const more of ['', ' -T other.example.com -L localhost:0']) {
    const clash = /something answers on "127\.0\.0\.1:\d+" already/
    await failLine(scope, person, access + more, clash)
  }
  await listenInstead(scope, person, listening, access)
  const chosen = await listenLine(scope, person, access.replace(/ --url \S+$/, ''))
  const [, port = ''] = await chosen.says(/point the Remote Desktop client at 127\.0\.0\.1:(\d+)/)
  for (const one of [line, line.replace(/\/v:127\.0\.0\.1:\d+/, `/v:127.0.0.1:${port}`)]) {
    const client = connect(one, password)
    await until(() => isShown(screen), 'no picture through the connector')
    await end(client)
    await until(async () => !(await isShown(screen)), 'the picture stays')
  }
  await carriedByConnector(rig, 'desktop.example.com')
}

async function isShown(screen: VirtualScreen): Promise<boolean> {
  return (await screen.pixels(colour)) > enoughPixels
}

async function end(client: Child): Promise<void> {
  client.signal('SIGTERM')
  await inTime(client.ended, () => 'FreeRDP does not end')
}

async function until(isTrue: () => Promise<boolean>, complaint: string): Promise<void> {
  const deadlineMs = Date.now() + maxSessionMs
  while (!(await isTrue())) {
    if (Date.now() > deadlineMs) throw new Error(complaint)
    await wait(lookMs)
  }
}
