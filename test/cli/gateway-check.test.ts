import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { posternCommand } from '../postern-program.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { runProgram, spawnProgram, type Ended } from '../../src/program.fixture.ts'

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-check-'))
  const authority = await createCertificateAuthority()
  const { cert, key } = await authority.issue(['localhost'])
  await writeFile(join(folder, 'tls.crt'), cert)
  await writeFile(join(folder, 'tls.key'), key, { mode: 0o600 })
})

after(() => rm(folder, { recursive: true, force: true }))

async function write(name: string, more: string): Promise<void> {
  const text = `certificate_file: tls.crt\ncertificate_key_file: tls.key\n${more}`
  await writeFile(join(folder, name), text, { mode: 0o600 })
}

function check(...args: readonly string[]): Promise<Ended> {
  return runProgram(...posternCommand('gateway', ...args), { cwd: folder })
}

const routeOf = (policy: string): string =>
  `routes: [{from: tcp+https://localhost:22, to: tcp://127.0.0.1:22, policy: ${policy}}]\n`

describe('gateway check', () => {
  test('takes a file, -c before it or behind it, or the postern.yaml that is here', async () => {
    await write('one.yaml', routeOf('{allow: {or: [{accept: true}]}}'))
    const forms = [
      ['check', 'one.yaml'],
      ['check', '-c', 'one.yaml'],
      ['-c', 'one.yaml', 'check'],
      ['-c', 'one.yaml', 'check', './one.yaml'],
    ]
    for (const form of forms) {
      const { code, stderr } = await check(...form)
      assert.equal(code, 0, stderr)
      assert.match(stderr, /one\.yaml" is valid: 1 route/)
    }
    await write('postern.yaml', 'routes: []\n')
    assert.match((await check('check')).stderr, /"postern\.yaml" is valid: 0 routes/)
  })

  test('takes no two files: one of them would pass unread', async () => {
    await write('one.yaml', 'routes: []\n')
    const { code, stderr } = await check('check', 'other.yaml', '-c', 'one.yaml')
    assert.equal(code, 2)
    assert.match(stderr, /"other\.yaml" and "-c one\.yaml" name two files/)
  })

  test('warns of a value that nothing can match', async () => {
    await write('never.yaml', routeOf('{allow: {or: [{domain: "@example.com"}, {accept: true}]}}'))
    const { code, stderr } = await check('check', 'never.yaml')
    assert.equal(code, 2)
    assert.match(stderr, /idp/)
    const provider = [
      'authenticate_service_url: https://localhost',
      'idp_provider_url: https://id.example.com',
      'idp_client_id: a',
      'idp_client_secret: b\n',
    ].join('\n')
    await write('never.yaml', provider + routeOf('{allow: {or: [{domain: "@example.com"}]}}'))
    const warned = await check('check', 'never.yaml', '--json')
    assert.equal(warned.code, 0, warned.stderr)
    const { valid, warnings } = JSON.parse(warned.stdout) as {
      valid: boolean
      warnings: readonly { path: string; message: string; hint: string }[]
    }
    assert.equal(valid, true)
    assert.deepEqual(
      warnings.map(({ path, hint }) => [path, hint]),
      [['routes[0].policy.allow.or[0].domain', 'write "example.com"']],
    )
  })

  test(
    'with --online tries what it leads to, and knows the gateway that runs',
    { timeout: 120_000 },
    async (t) => {
      const service = createServer((socket) => socket.on('error', () => undefined).resume())
      service.listen(0, '127.0.0.1')
      await once(service, 'listening')
      const { port: upstream } = service.address() as AddressInfo
      const port = await freePort()
      const route = `from: tcp+https://localhost:22, to: tcp://127.0.0.1:${upstream}`
      const open = 'allow_public_unauthenticated_access: true'
      const lab = `{from: tcp+https://lab.example:22, to: connector://lab, ${open}}`
      const start = `address: 127.0.0.1:${port}\nstate_directory: state\n`
      await write('online.yaml', `${start}routes: [{${route}, ${open}}, ${lab}]\n`)
      const idle = await check('check', '--online', 'online.yaml')
      assert.equal(idle.code, 0, idle.stdout + idle.stderr)
      assert.match(
        idle.stdout,
        new RegExp(`^ok +listener .*127\\.0\\.0\\.1:${port}: is free$`, 'm'),
      )
      assert.match(idle.stdout, /^not tried +connector .*only the gateway knows/m)
      assert.match(
        idle.stderr,
        /is valid: 2 routes[^]*\d ok, \d to look at, 0 failed, 1 that cannot/,
      )

      const gateway = spawnProgram(...posternCommand('gateway', '-c', 'online.yaml'), {
        cwd: folder,
      })
      t.after(() => {
        gateway.kill('SIGKILL')
        service.close()
      })
      await until(gateway.stdout, /"listening"/)
      const busy = await check('check', '--online', 'online.yaml', '--json')
      const { online } = JSON.parse(busy.stdout) as {
        online: {
          ok: boolean
          checks: readonly { what: string; verdict: string; detail: string }[]
        }
      }
      const of = (what: string) => online.checks.find((found) => found.what === what)
      assert.deepEqual(
        [of('listener')?.detail, of('connector')?.verdict, of('upstream')?.verdict],
        ['is held by this gateway, which runs', 'failed', 'ok'],
      )
      assert.equal(online.ok, false)
      assert.equal(busy.code, 13)
    },
  )
})

/** Reads on behind it: a program must not find its reader gone. */
function until(stream: Readable, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (pattern.test(text)) resolve()
    })
    stream.on('end', () => reject(new Error(text)))
  })
}
