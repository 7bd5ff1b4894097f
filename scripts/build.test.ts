import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { createCertificateAuthority } from '../src/net/certificate.ts'
import { startFakeGateway } from '../src/reach/fake-gateway.fixture.ts'
import { runProgramSync, spawnProgram } from '../src/program.fixture.ts'

const root = join(import.meta.dirname, '..')
const directory = mkdtempSync(join(tmpdir(), 'postern-build-'))
const entry = join(directory, 'postern.js')
const built = runProgramSync(process.execPath, [join(root, 'scripts', 'build.mjs'), directory])
assert.equal(built.status, 0, built.stderr)
writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
after(() => rmSync(directory, { recursive: true }))

/** The promise is 2; a busy machine may be slow, but a start that loads everything takes 5 times. */
const maxVersionRatio = 2 * 10

describe('the release build', () => {
  test('its entry is a program that runs and says its version', () => {
    assert.equal(statSync(entry).mode & 0o111, 0o111)
    assert.match(readFileSync(entry, 'utf8'), /^#!\/usr\/bin\/env node\n/)
    assert.equal(runEntry('--version'), 'postern 0.1.0\n')
  })

  test('its entry is small, and commands are chunks of their own', () => {
    assert.ok(statSync(entry).size < 2_000)
    assert.match(readdirSync(join(directory, 'chunks')).join(' '), /tcp-run-\w+\.js/)
  })

  test('the WebSocket library is loaded after its masking, which it looks for once', () => {
    const chunks = readdirSync(join(directory, 'chunks')).map((name) =>
      readFileSync(join(directory, 'chunks', name), 'utf8'),
    )
    // In one chunk, esbuild evaluates the library first.
    const libraries = chunks.filter((text) => text.includes('__toESM(require_websocket('))
    assert.equal(libraries.length, 1)
    const masking = 'provideWebsocketMask({websocketMask,websocketUnmask})'
    assert.ok(!libraries.join().includes(masking))
    assert.ok(chunks.some((text) => text.includes(masking)))
  })

  test('each package that is built apart can be loaded, and lacks none of its names', () => {
    const list = join(root, 'scripts', 'packages-apart.mjs')
    const script = `import { apartEntries } from '${list}'
      for (const [file, entry] of Object.entries(apartEntries)) {
        const built = await import('${directory}/packages/' + file + '.js')
        const original = await import(entry.slice(entry.indexOf(':') + 1))
        if (file === 'oidc-provider') console.log(built.default.name)
        else for (const name of Object.keys(original))
          if (!/^(default|module.exports|__esModule)$/.test(name) && built[name] === undefined)
            console.log(file, 'lacks', name)
        if (file === 'ssh2') console.log(typeof built.default.Server)
      }`
    const { status, stdout, stderr } = runProgramSync(process.execPath, [
      '--input-type=module',
      '--eval',
      script,
    ])
    assert.deepEqual({ status, stdout }, { status: 0, stdout: 'Provider\nfunction\n' }, stderr)
  })

  test('where nothing is installed it says so', () => {
    // Another folder, as packages are looked for above the script.
    const folder = join(directory, 'bare')
    for (const file of [
      'package.json',
      'src/version.ts',
      'scripts/build.mjs',
      'scripts/build-program.mjs',
      'scripts/build-web.mjs',
      'scripts/packages-apart.mjs',
      'scripts/packages-in.mjs',
    ])
      cpSync(join(root, file), join(folder, file))
    const script = join(folder, 'scripts', 'build.mjs')
    const { status, stderr } = runProgramSync(process.execPath, [script])
    assert.equal(status, 1)
    assert.equal(
      stderr,
      'build: error: nothing is installed yet\n  hint: run "npm start" once, or "npm ci"\n',
    )
  })

  test('a command runs from its chunks', () => {
    assert.match(runEntry('tcp', '--help'), /^Usage: postern tcp /)
  })

  test('its pages lie beside it and name no file that is not there', () => {
    const pages = join(directory, 'web', 'portal')
    const index = readFileSync(join(pages, 'index.html'), 'utf8')
    const named = [...index.matchAll(/(?:src|href)="(\/\.postern\/[^"]*)"/g)].map(
      ([, path = '']) => path,
    )
    assert.equal(named.length, 3)
    for (const path of named)
      assert.ok(existsSync(join(pages, path.replace('/.postern/portal/', ''))), path)
    // No script and no style of its own: the security policy would refuse it.
    assert.doesNotMatch(index, /<style|<script(?! type="module" crossorigin src=)/)
  })

  test('a gateway that runs from it serves its pages', async () => {
    const authority = await createCertificateAuthority()
    const { cert, key } = await authority.issue(['localhost'])
    writeFileSync(join(directory, 'cert.pem'), cert)
    writeFileSync(join(directory, 'key.pem'), key, { mode: 0o600 })
    const config = join(directory, 'postern.yaml')
    writeFileSync(config, configText)
    const gateway = spawnProgram(process.execPath, [entry, 'gateway', '-c', config])
    gateway.stderr.pipe(process.stderr)
    try {
      const port = await portOf(gateway.stdout)
      const page = await get(port, '/', authority.cert)
      const [, script = ''] = /src="([^"]*)"/.exec(page) ?? []
      assert.match(script, /^\/\.postern\/portal\/assets\/.*\.js$/)
      assert.match(await get(port, script, authority.cert), /createRoot/)
    } finally {
      gateway.kill()
      await once(gateway, 'close')
    }
  })

  test('its worker reads a large directory and revocation lists, and says where their faults are', async () => {
    const folder = join(directory, 'large')
    mkdirSync(folder)
    const authority = await createCertificateAuthority()
    const { cert, key } = await authority.issue(['localhost'])
    const crl = await authority.revoke([(await authority.issueClient({ name: 'x' })).cert])
    const members = Array.from({ length: 3_000 }, (_, index) => `u-${index}@example.com`)
    const files = {
      'cert.pem': cert,
      'ca.pem': authority.cert,
      'crl.pem': crl,
      'directory.yaml': JSON.stringify({ groups: { all: members } }),
      'postern.yaml': `${configText.slice(0, configText.indexOf('certificate_file'))}
certificate_file: cert.pem
certificate_key_file: key.pem
directory: directory.yaml
downstream_mtls: {ca_file: ca.pem, crl_file: crl.pem}
`,
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    writeFileSync(join(folder, 'key.pem'), key, { mode: 0o600 })
    const check = () =>
      runProgramSync(process.execPath, [entry, 'gateway', 'check'], { cwd: folder })
    const good = check()
    assert.match(good.stderr, /^"postern\.yaml" is valid: 0 routes$/m)
    assert.equal(good.status, 0, good.stderr)
    writeFileSync(join(folder, 'crl.pem'), crl.slice(0, 200))
    writeFileSync(
      join(folder, 'directory.yaml'),
      JSON.stringify({ groups: { all: [...members, 7] } }),
    )
    const { status, stderr } = check()
    assert.equal(status, 2, stderr)
    assert.match(stderr, /cannot use this revocation list: it ends within a list/)
    assert.match(stderr, /directory\.yaml:1:\d+: groups\.all\[3000\]: must be an email address/)
  })

  test(`--version takes less than ${maxVersionRatio} times as long as Node.js itself`, () => {
    const bareMs = fastestMs(['-e', '0'])
    const versionMs = fastestMs([entry, '--version'])
    assert.ok(versionMs < maxVersionRatio * bareMs, `${versionMs} ms, bare ${bareMs} ms`)
  })
})

function runEntry(...args: string[]): string {
  const { status, stdout, stderr } = runProgramSync(process.execPath, [entry, ...args])
  assert.equal(status, 0, stderr)
  return stdout
}

function fastestMs(args: readonly string[]): number {
  const durations = Array.from({ length: 5 }, () => {
    const startedMs = performance.now()
    runProgramSync(process.execPath, args)
    return performance.now() - startedMs
  })
  return Math.min(...durations)
}

const configText = `address: 127.0.0.1:0
certificate_file: ${join(directory, 'cert.pem')}
certificate_key_file: ${join(directory, 'key.pem')}
state_directory: ${join(directory, 'state')}
routes:
  - from: tcp+https://echo.example.com:7
    to: tcp://127.0.0.1:1
    allow_public_unauthenticated_access: true
`

/** Where a gateway says that it listens. */
async function portOf(log: Readable): Promise<number> {
  for await (const line of createInterface(log)) {
    const { message, address } = JSON.parse(line) as Record<string, unknown>
    if (message === 'listening') return Number(String(address).split(':').at(-1))
  }
  throw new Error('the gateway ended before it listened')
}

async function get(port: number, path: string, ca: string): Promise<string> {
  const outgoing = request({ host: 'localhost', port, path, ca, agent: false }).end()
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  assert.equal(answer.statusCode, 200)
  return text(answer)
}

/** The promise is 120 MiB. */
const maxIdleMiB = 120
/** The promise is nothing: half a percent, ten times over on a busy machine. */
const maxIdlePercent = 5
const idleLookMs = 4_000
/** What starts up is no idling: looks go on until one is within the bound, this long at most. */
const maxSettleMs = 60_000
const ticksPerSecond = 100

describe('the desktop daemon of the build', () => {
  const skip = process.platform !== 'linux' && 'there is no /proc'
  test('idles with 50 connections, in little memory', { skip }, async (t) => {
    await using gateway = await startFakeGateway({ isPublic: true })
    const home = join(directory, 'home')
    mkdirSync(home)
    const connections = Array.from({ length: 50 }, (_, index) => ({
      name: `service ${index}`,
      destination: `service-${index}.corp:${5_000 + index}`,
      gateway: gateway.origin,
      ca_cert: gateway.ca,
    }))
    const file = join(home, 'team.json')
    writeFileSync(file, JSON.stringify({ connections }))
    const env = { HOME: home }
    const args = [entry, 'up', '--foreground', '-f', file, '--json']
    const daemon = spawnProgram(process.execPath, args, { env })
    const ended = once(daemon, 'exit')
    // What it says has a reader.
    daemon.stderr.resume()
    for await (const line of createInterface({ input: daemon.stdout })) if (line === '}') break
    const deadlineMs = performance.now() + maxSettleMs
    let used = await lookAt(daemon.pid ?? 0)
    while (used.percent > maxIdlePercent && performance.now() < deadlineMs)
      used = await lookAt(daemon.pid ?? 0)
    const { residentMiB, percent } = used
    t.diagnostic(`${residentMiB.toFixed(1)} MiB, ${percent.toFixed(2)} % of a processor`)
    daemon.kill()
    await ended
    assert.ok(residentMiB <= maxIdleMiB, `${residentMiB} MiB`)
    assert.ok(percent <= maxIdlePercent, `${percent} %`)
  })
})

/** What a process takes while nobody asks anything of it. */
async function lookAt(
  pid: number,
): Promise<{ readonly residentMiB: number; readonly percent: number }> {
  const before = usageOf(pid)
  const startedMs = performance.now()
  await pause(idleLookMs)
  const { residentMiB, ticks } = usageOf(pid)
  const seconds = (performance.now() - startedMs) / 1_000
  return { residentMiB, percent: ((ticks - before.ticks) / ticksPerSecond / seconds) * 100 }
}

/** Of a process, as proc(5) tells: memory, and time on processors. */
function usageOf(pid: number): { readonly residentMiB: number; readonly ticks: number } {
  const [, resident] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { residentMiB: Number(resident) / 1024, ticks: Number(fields[11]) + Number(fields[12]) }
}
