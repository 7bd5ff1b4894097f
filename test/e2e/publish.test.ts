import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { createCookieJar } from '../../src/dev-idp/cookie-jar.ts'
import { signInWithForms } from '../../src/dev-idp/sign-in-with-forms.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { decodeCredentialsFile, decodeTunnelToken } from '../../src/tunnel/tunnel-credential.ts'
import { decideAboutDevice } from './approve.ts'
import { runChild, startChild, type Child, type Result } from './child.ts'
import { checkLooks } from './page-looks.ts'
import { peerTest } from './peers.ts'
import { startBind } from './peers/bind.ts'
import { startChromium } from './peers/chromium.ts'
import { personAt, type Person } from './person.ts'
import { alice, bob, carol, posternCommand, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

const everybody = [{ allow: { or: [{ groups: { has: 'engineering' } }] } }]
/** It stands under the certificate of the rig. */
const sites = [{ name: 'site.com', publish: everybody }]

/** A certificate for names below `site.com`, from an authority of its own. */
async function ownCertificate(scope: Scope): Promise<object> {
  const { cert, key } = await (await createCertificateAuthority()).issue(['*.site.com'])
  const [certificate_file, certificate_key_file] = ['site.crt', 'site.key'].map((name) =>
    join(scope.directory, name),
  )
  await writeFile(certificate_file ?? '', cert)
  await writeFile(certificate_key_file ?? '', key, { mode: 0o600 })
  return { certificate_file, certificate_key_file }
}

interface NamedTunnel {
  readonly name: string
}

interface Machine {
  readonly rig: GatewayRig
  readonly person: Person
  start(...args: string[]): Child
  run(...args: string[]): Promise<Result>
}

async function startMachine(scope: Scope, settings: object = { sites }): Promise<Machine> {
  const rig = await startRig(scope, [], { ...settings })
  const person = await personAt(scope, rig, alice)
  const options = { env: person.env, cwd: person.home }
  return {
    rig,
    person,
    start: (...args) => startChild(scope, ...posternCommand('tunnel', ...args), options),
    run: (...args) => runChild(scope, ...posternCommand('tunnel', ...args), options),
  }
}

function login({ rig, start }: Machine, ...more: string[]): Child {
  return start('login', '--gateway', rig.origin, '--ca-file', rig.caFile, '--no-browser', ...more)
}

/** The address that the command shows, with its code. */
async function addressOf(child: Child): Promise<string> {
  const [, address = ''] = await child.says(/\n {2}(https:\/\/\S+)\n/)
  return address
}

async function logIn(machine: Machine, email = alice, ...more: string[]): Promise<Child> {
  const child = login(machine, ...more)
  const page = await decideAboutDevice(machine.rig, await addressOf(child), email, 'approve')
  assert.match(page, /The machine may publish/)
  assert.equal(await child.ended, 0, child.errors())
  return child
}

describe('postern tunnel, as somebody who publishes', () => {
  peerTest('signs in elsewhere, makes a tunnel and removes it', [], async (scope) => {
    const machine = await startMachine(scope)
    const { rig, person, run } = machine
    const done = await logIn(machine, alice, '--json')
    const path = join(person.home, '.postern', 'cert.pem')
    assert.equal((JSON.parse(done.output()) as { site: string }).site, 'site.com')
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.match(await readFile(path, 'utf8'), /^-----BEGIN POSTERN PUBLISH CREDENTIAL-----\n/)
    const again = await run('login', '--gateway', rig.origin)
    assert.equal(again.ending, 2)
    assert.match(again.errors, /there is a credential in .*--overwrite/s)

    const made = await run('create', '--json', 'web')
    assert.equal(made.ending, 0, made.errors)
    const { id, credentials_file: file } = JSON.parse(made.output) as Record<string, string>
    assert.equal(file, join(person.home, '.postern', `${id}.json`))
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    const credential = decodeCredentialsFile(await readFile(file, 'utf8'), file)
    assert.deepEqual([credential.tunnelId, credential.gateway], [id, rig.origin])
    assert.equal(credential.ca?.trim(), rig.ca.trim())
    const token = decodeTunnelToken((await run('token', 'web')).output)
    assert.deepEqual(token, credential)
    const other = await run('token', '--rotate', '--output', path, 'web')
    assert.equal(other.ending, 2)
    assert.match(other.errors, /holds something else than a credential/)
    assert.equal((await run('token', '--cred-file', file, 'web')).ending, 0)
    assert.deepEqual(decodeCredentialsFile(await readFile(file, 'utf8'), file), credential)

    assert.match((await run('list')).output, new RegExp(`^NAME .*\\nweb +${id} `))
    assert.match(
      (await run('info', 'web')).output,
      /created +\S+ \S+ UTC \((?:now|\d+ min ago)\) by alice@example\.com/,
    )
    assert.match((await run('create', 'web')).errors, /there is a tunnel "web" already/)
    const wrong = await run('route', 'dns', 'web', 'a.b.site.com')
    assert.equal(wrong.ending, 2)
    assert.match(wrong.errors, /no certificate of the site "site.com" is for "a.b.site.com"/)
    const deleted = await run('delete', 'web')
    assert.deepEqual([deleted.ending, deleted.errors], [0, 'deleted tunnel "web"\n'])
    await assert.rejects(stat(file), { code: 'ENOENT' })
    assert.equal((await run('info', 'web')).ending, 2)
  })

  peerTest('keeps the first of two sign-ins at once, and tells the second', [], async (scope) => {
    const machine = await startMachine(scope)
    const path = join(machine.person.home, '.postern', 'cert.pem')
    const [first, second] = [login(machine), login(machine)]
    const addresses = [await addressOf(first), await addressOf(second)]
    await decideAboutDevice(machine.rig, addresses[0] ?? '', alice, 'approve')
    assert.equal(await first.ended, 0, first.errors())
    const kept = await readFile(path, 'utf8')
    await decideAboutDevice(machine.rig, addresses[1] ?? '', alice, 'approve')
    assert.equal(await second.ended, 2)
    assert.match(second.errors(), /another "postern tunnel login" has kept a credential in .*stays/)
    assert.match(second.errors(), /hint: the one for "site\.com" was thrown away: .*--overwrite/)
    assert.equal(await readFile(path, 'utf8'), kept)
  })

  peerTest('loses what it may do as soon as an operator revokes it', [], async (scope) => {
    const machine = await startMachine(scope)
    const { rig, run } = machine
    await logIn(machine)
    const listed = await rig.postern('gateway', 'publishers', 'list')
    assert.match(listed.output, /^ID +USER .*\npc-\S+ +alice@example\.com +site\.com +active /)
    const sessions = await rig.postern('gateway', 'sessions', 'revoke', alice.toUpperCase())
    assert.match(
      sessions.errors,
      /^revoked 1 session\n"alice@example\.com" may still publish .*"postern gateway publishers revoke alice@example\.com"/,
    )
    assert.equal((await run('list')).ending, 0)
    const nobody = await rig.postern('gateway', 'sessions', 'revoke', alice)
    assert.match(nobody.errors, /hint: "postern gateway publishers revoke alice@example\.com"/)
    const revoked = await rig.postern('gateway', 'publishers', 'revoke', alice.toUpperCase())
    assert.match(revoked.errors, /^revoked 1 credential/)
    const refused = await run('list')
    assert.equal(refused.ending, 3)
    assert.match(refused.errors, /this publish credential was revoked/)
    assert.match((await rig.postern('gateway', 'publishers', 'list')).errors, /nobody has/)
    const last = await rig.postern('gateway', 'sessions', 'revoke', alice)
    assert.match(last.errors, /hint: "postern gateway sessions list"/)
    const none = await rig.postern('gateway', 'publishers', 'revoke', 'pc-0')
    assert.equal(none.ending, 2)
    await logIn(machine, bob, '--overwrite')
    assert.equal((await run('list')).ending, 0)
  })

  peerTest('is told when it is denied, gives up, or has no site', [], async (scope) => {
    const machine = await startMachine(scope)
    const denied = login(machine)
    await decideAboutDevice(machine.rig, await addressOf(denied), alice, 'deny')
    assert.equal(await denied.ended, 3)
    const cancelled = login(machine)
    const address = await addressOf(cancelled)
    const options = { jar: createCookieJar(), request: { ca: machine.rig.ca } }
    const opened = signInWithForms(address, { email: carol }, options)
    await assert.rejects(opened, /"https:\S+\/\.postern\/publish" answered 403/)
    cancelled.signal('SIGINT')
    assert.equal(await cancelled.ended, 130)
    assert.match(
      (await machine.run('list')).errors,
      /there is no publish credential.*tunnel login/s,
    )
  })

  peerTest(
    'leaves nothing of a tunnel whose name is refused, unless it was there',
    [],
    async (scope) => {
      const machine = await startMachine(scope)
      await logIn(machine)
      const { run, person } = machine
      const publish = (name: string): Promise<Result> =>
        run('--hostname', name, '--url', 'tcp://127.0.0.1:1')
      const names = async (): Promise<readonly string[]> => {
        const list = JSON.parse((await run('list', '--json')).output) as { tunnels: NamedTunnel[] }
        return list.tunnels.map(({ name }) => name)
      }
      const refused = await publish('a.other.com')
      assert.equal(refused.ending, 2)
      assert.match(refused.errors, /"a\.other\.com" is not below the site "site\.com"/)
      assert.deepEqual(await names(), [])
      assert.deepEqual(await readdir(join(person.home, '.postern')), ['cert.pem'])
      await run('create', 'b.other.com')
      assert.equal((await publish('b.other.com')).ending, 2)
      assert.deepEqual(await names(), ['b.other.com'])
      assert.equal((await readdir(join(person.home, '.postern'))).length, 2)
    },
  )

  peerTest('keeps all credentials beside the one that is named', [], async (scope) => {
    const machine = await startMachine(scope)
    const { person, run } = machine
    const keys = join(person.home, 'keys')
    const named = ['--origincert', join(keys, 'cert.pem')] as const
    await logIn(machine, alice, ...named)
    const made = await run('create', 'web', ...named, '--json')
    const { id } = JSON.parse(made.output) as { id: string }
    assert.deepEqual((await readdir(keys)).toSorted(), [`${id}.json`, 'cert.pem'].toSorted())
    const connector = machine.start('run', id, ...named, '--url', 'tcp://127.0.0.1:1')
    await connector.says(/Registered tunnel connection connIndex=0 /)
    connector.signal('SIGTERM')
    await connector.ended
    await run('delete', 'web', ...named)
    assert.deepEqual(await readdir(keys), ['cert.pem'])
    assert.equal((await readdir(person.home)).includes('.postern'), false)
  })

  peerTest('connects the tunnel of the name, whatever the file at home says', [], async (scope) => {
    const machine = await startMachine(scope)
    await logIn(machine)
    const { person, run } = machine
    const made = await run('create', 'other', '--json')
    const { credentials_file: file } = JSON.parse(made.output) as { credentials_file: string }
    const text = `tunnel: other\ncredentials-file: ${file}\n`
    await writeFile(join(person.home, '.postern', 'config.yml'), text)
    const connector = machine.start('--hostname', 'a.site.com', '--url', 'tcp://127.0.0.1:1')
    await connector.says(/Registered tunnel connection connIndex=0 /)
    const { output } = await run('info', 'other', '--json')
    assert.deepEqual((JSON.parse(output) as { connections: unknown[] }).connections, [])
    connector.signal('SIGTERM')
    await connector.ended
  })

  peerTest('has its names in the zone of a real DNS server', ['BIND'], async (scope) => {
    const bind = await startBind(scope)
    const { key, server } = bind.settings
    const dns = {
      provider: 'rfc2136',
      server: `${server.host}:${server.port}`,
      key_name: key.name,
      key_secret: Buffer.from(key.secret).toString('base64'),
      target: 'gw.example.com',
    }
    const machine = await startMachine(scope, {
      sites: [{ name: 'site.com', publish: everybody, dns, ...(await ownCertificate(scope)) }],
    })
    await logIn(machine)
    await machine.run('create', 'web')
    const routed = await machine.run('route', 'dns', 'web', 'tcp.site.com')
    assert.equal(routed.ending, 0, routed.errors)
    assert.match(routed.errors, /the record tcp\.site\.com\. CNAME gw\.example\.com is in the zone/)
    assert.deepEqual(await bind.lookUp('tcp.site.com', 'CNAME'), ['gw.example.com.'])
    await machine.run('delete', 'web')
    assert.deepEqual(await bind.lookUp('tcp.site.com', 'CNAME'), [])
  })

  peerTest('is approved on a page that reads well', ['Chromium'], async (scope) => {
    const machine = await startMachine(scope, {
      sites: [...sites, { name: 'other.com', publish: everybody }],
    })
    const child = login(machine)
    const { page, faults } = await startChromium(scope, machine.rig)
    await page.goto(await addressOf(child))
    await page.getByRole('button', { name: 'Alice Adams' }).click()
    await page.getByRole('heading', { name: 'Let this machine publish as you?' }).waitFor()
    await checkLooks(page, 'publish-question')
    await page.getByRole('button', { name: 'Let it publish' }).click()
    // The site and the box are asked for before anything is sent.
    assert.match(page.url(), /code=/)
    await page.getByLabel('site.com').check()
    await page.getByLabel(/I started this/).check()
    await page.getByRole('button', { name: 'Let it publish' }).click()
    await page.getByRole('heading', { name: 'The machine may publish' }).waitFor()
    await checkLooks(page, 'publish-done')
    assert.equal(await child.ended, 0)
    assert.deepEqual(faults, [])
  })
})
