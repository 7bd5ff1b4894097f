import assert from 'node:assert/strict'
import { readFileSync, readSync, writeFileSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { openTokenCache } from '../../src/client/sign-in/token-cache.ts'
import { silentLogger } from '../../src/log.ts'
import { openNamedPipe } from '../../src/named-pipe.fixture.ts'
import { startFakeGateway, type FakeGatewayOptions } from '../../src/reach/fake-gateway.fixture.ts'
import { startSmallServer, welcome } from '../../src/reach/small-server.fixture.ts'
import { gatewayPaths } from '../../src/tunnel/paths.ts'
import { encodeRefusal } from '../../src/tunnel/refusal.ts'
import { createSandbox, runPostern } from './program.ts'

const token = 'aa.token.bb'
const guide = join(import.meta.dirname, '..', '..', 'docs', 'troubleshooting.md')
const owner = { email: 'ada@example.com', session_expires_at: '2099-01-02T03:04:05Z' }

/** A gateway, and a person who is signed in to it. */
async function setUp(t: TestContext, options: FakeGatewayOptions = {}) {
  const gateway = await startFakeGateway({
    routes: [{ name: 'db', from: 'tcp+https://db:5432' }],
    answers: { [gatewayPaths.user]: { status: 200, body: JSON.stringify(owner) } },
    ...options,
  })
  const sandbox = await createSandbox()
  t.after(async () => {
    await gateway[Symbol.asyncDispose]()
    await sandbox[Symbol.asyncDispose]()
  })
  gateway.tokens.add(token)
  const caFile = join(sandbox.path, 'ca.pem')
  await writeFile(caFile, gateway.ca)
  const tokens = join(sandbox.path, 'cache', 'postern', 'tokens')
  await openTokenCache(tokens, { origin: gateway.origin, isVerified: true }, silentLogger).write(
    token,
  )
  const env = { ...sandbox.env, HOME: sandbox.path, XDG_CONFIG_HOME: join(sandbox.path, 'config') }
  const run = (...args: string[]) =>
    runPostern(['doctor', '--gateway', gateway.origin, '--ca-file', caFile, ...args], { env })
  return { gateway, sandbox, env, run, caFile }
}

const denied = encodeRefusal({
  code: 'policy_denied',
  message: 'access to "db.example.com:5432" is denied',
  next: 'ask for the group "dba"',
  requestId: '4bf92f3577b34da6',
})

describe('postern doctor', () => {
  test('says each step, and ends well where everything does', async (t) => {
    const { run } = await setUp(t)
    const [way, service] = await Promise.all([run(), run('db.example.com:5432')])
    assert.deepEqual([way.code, service.code], [0, 0], way.stdout + service.stdout)
    assert.match(way.stdout, /^ok {9}routes +\d+ ms {2}1 route to use$/m)
    // One answer says both: the time is that of the service.
    assert.match(service.stdout, /^ok {9}policy {17}db\.example\.com:5432: allowed$/m)
    assert.match(service.stdout, /^ok {9}service +[1-9]\d* ms {2}db\.example\.com:5432: opens$/m)
    assert.doesNotMatch(way.stdout + service.stdout, /not tried|FAILED/)
    const until = /sign-in .* until 2099-01-0\d \d\d:\d\d \S+ \(in \d+ days\)$/m
    assert.match(way.stdout, until, 'as people read a time')
  })

  test('knows a route by the name that the gateway lists, and keeps no list', async (t) => {
    const { run, sandbox, gateway } = await setUp(t)
    const before = await filesIn(sandbox.path)
    const [known, unknown] = await Promise.all([run('db'), run('dbb')])
    assert.equal(known.code, 0, known.stderr)
    assert.match(known.stdout, /^ok {9}service .* db:5432: opens$/m)
    assert.equal(unknown.code, 5, unknown.stdout)
    assert.match(
      unknown.stderr,
      /no route of "https:\S+" is named "dbb"\n {2}hint: did you mean "db"/,
    )
    assert.deepEqual([gateway.logins, await filesIn(sandbox.path)], [0, before])
    // Nobody is signed in: the way is tried, and the name stays unknown.
    gateway.tokens.clear()
    const nobody = await run('db')
    assert.match(nobody.stdout, /^FAILED +sign-in /m)
    assert.deepEqual([gateway.logins, await filesIn(sandbox.path)], [0, before])
  })

  test('takes the gateway and its authority from the environment', async (t) => {
    const { gateway, env, caFile } = await setUp(t)
    const named = { ...env, POSTERN_GATEWAY: gateway.origin, POSTERN_CA_FILE: caFile }
    const { code, stdout, stderr } = await runPostern(['doctor'], { env: named })
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /^ok {9}sign-in /m)
  })

  test('ends with a code for what fails, and with what to do', async (t) => {
    const { run, sandbox, env } = await setUp(t, { connect: () => ({ status: 403, body: denied }) })
    const port = await startSmallServer(t, { answer: welcome })
    const [policy, stranger, nobody] = await Promise.all([
      run('db.example.com:5432', '--json'),
      runPostern(['doctor', '--gateway', `https://localhost:${port}`], { env }),
      runPostern(['doctor'], { env: { ...env, XDG_CONFIG_HOME: join(sandbox.path, 'none') } }),
    ])
    assert.deepEqual([policy.code, stranger.code, nobody.code], [4, 7, 2])
    const { checks, ...summary } = JSON.parse(policy.stdout)
    assert.deepEqual(summary, {
      gateway: summary.gateway,
      destination: 'db.example.com:5432',
      ok: false,
      failed_at: 'policy',
      hint: 'ask for the group "dba"',
    })
    assert.equal(checks.at(-1).verdict, 'not-tried')
    assert.match(
      stranger.stdout,
      /FAILED +tls .*a web server \("nginx\/1\.24\.0".*\n {2}hint: check the port/,
    )
    assert.match(nobody.stderr, /which gateway\?/)
  })

  test('a report has no secret, whatever a gateway says, and is where it was wanted', async (t) => {
    const said = {
      code: 'policy_denied',
      message: `no ${token} \u001b[2J`,
      next: '',
      requestId: '',
    }
    const { run, sandbox } = await setUp(t, {
      connect: () => ({ status: 403, body: encodeRefusal(said) }),
    })
    const file = join(sandbox.path, 'report.txt')
    const { code, stdout } = await run('--report', file, 'db:5432')
    assert.equal(code, 4)
    assert.match(stdout, /^FAILED +policy/m)
    const report = await readFile(file, 'utf8')
    assert.match(report, /^outcome: +fails at policy$/m)
    for (const one of [token, sandbox.path, '\u001b']) assert.ok(!report.includes(one), one)
    const printed = await run('db:5432', '--report')
    assert.match(printed.stdout, /^Report of "postern doctor"\n/)
    assert.match(printed.stderr, /^FAILED +policy/m)
    assert.equal((await run('--json', '--report')).code, 2)
  })

  test('changes nothing, neither by another name of the gateway nor of a damaged file', async (t) => {
    const { gateway, sandbox, env } = await setUp(t)
    const kept = join(sandbox.path, 'config', 'postern', 'gateways.json')
    await mkdir(join(kept, '..'), { recursive: true })
    const work = { name: 'work', url: gateway.origin, ca: gateway.ca }
    const other = `https://127.0.0.1:${gateway.port}`
    for (const text of [
      JSON.stringify({ version: 1, default: 'work', gateways: [work] }),
      '{ "version": 1, "gateways": [',
    ]) {
      await writeFile(kept, text)
      const before = await filesIn(sandbox.path)
      for (const args of [['--gateway', other], [`${other}/db:5432`], ['--gateway', other, 'db']]) {
        const run = [...args, '--ca-file', join(sandbox.path, 'ca.pem')]
        const { stdout, stderr } = await runPostern(['doctor', ...run], { env })
        assert.match(stdout, /^ok {9}tls /m, stderr)
        if (text.endsWith('}')) {
          // What other commands would ask by that name is what is looked at.
          assert.ok(stderr.includes(`"${other}" is the gateway "work", which is asked`), stderr)
          assert.match(stdout, /^ok {9}sign-in .* signed in as ada@/m)
        } else assert.match(stderr, /is damaged \(.*\): no .*\n {2}hint: it is left as it is;/)
        assert.deepEqual(await filesIn(sandbox.path), before)
      }
    }
  })

  test('a report to a pipe is written to it, and takes no place of it', async (t) => {
    const { run } = await setUp(t)
    using pipe = openNamedPipe()
    // Not `/dev/null` itself, which would be gone from the machine where this fails.
    const { code, stderr } = await run('--report', pipe.path)
    assert.equal(code, 0, stderr)
    const bytes = Buffer.alloc(65_536)
    const text = bytes.subarray(0, readSync(pipe.reader, bytes)).toString()
    assert.match(text, /^Report of "postern doctor"\n/)
    assert.ok((await lstat(pipe.path)).isFIFO())
  })

  test('the report in the guide is one', async (t) => {
    const { run } = await setUp(t, { connect: () => ({ status: 403, body: denied }) })
    const { stdout } = await run('db.example.com:5432', '--report')
    const shown = `\n\n\`\`\`text\n${calm(stdout)}\`\`\`\n\n`
    const text = readFileSync(guide, 'utf8')
    const place = /(?<=<!-- Report: [^>]* -->)[\s\S]*(?=<!-- End of the report)/
    if (process.env['UPDATE_TRANSCRIPTS'] === '1')
      writeFileSync(
        guide,
        text.replace(place, () => shown),
      )
    else assert.equal(place.exec(text)?.[0], shown)
  })
})

/** Every file below a directory, with what is in it. */
async function filesIn(directory: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) found.set(path, await readFile(path, 'utf8'))
  }
  return found
}

/** What differs from run to run, from machine to machine, and from runtime to runtime. */
function calm(report: string): string {
  return report
    .replaceAll(/^warning +tcp.*\[::1\].*\n(?: {2}(?:hint|code): .*\n)*/gm, '')
    .replaceAll(/ +\d+ ms/g, (time) => '7 ms'.padStart(time.length))
    .replaceAll(/localhost(?::\d+)?/g, 'gateway.example.com')
    .replaceAll(/127\.0\.0\.1:\d+/g, '192.0.2.7:443')
    .replaceAll(/IPv4 127\.0\.0\.1\b.*/g, 'IPv4 192.0.2.7')
    .replaceAll(', "127.0.0.1"', '')
    .replaceAll(/TLS_AES_\w+/g, 'TLS_AES_256_GCM_SHA384')
    .replaceAll('"Postern example CA"', '"Example CA"')
    .replace(/(good until )[\d-]+/, (_, head) => `${head}2027-02-27`)
    .replace(/^(made: +).*/m, (_, head) => `${head}2026-11-29T12:00:00.000Z`)
    .replace(/^(postern: +).*/m, (_, head) => `${head}1.0.0, node 26.10.0, linux x64`)
}
