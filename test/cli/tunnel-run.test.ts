import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync, watch } from 'node:fs'
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import {
  startFakeGateway,
  type AcceptedLink,
  type FakeGateway,
  type FakeGatewayOptions,
} from '../../src/connector/fake-gateway.fixture.ts'
import { startProxy } from '../../src/reach/proxy.fixture.ts'
import {
  encodePublishCredential,
  type PublishCredential,
} from '../../src/tunnel/publish-credential.ts'
import { encodeCredentialsFile, encodeTunnelToken } from '../../src/tunnel/tunnel-credential.ts'
import { createSandbox, runPostern, startPostern, type Running } from './program.ts'

/** A gateway, a folder with a token of it, and the command that connects to it. */
async function openRig(t: TestContext, options: FakeGatewayOptions = {}) {
  const gateway = await startFakeGateway(options)
  const sandbox = await createSandbox()
  const tokenFile = join(sandbox.path, 'token')
  await writeFile(tokenFile, encodeTunnelToken(gateway.credential), { mode: 0o600 })
  const started: Running[] = []
  t.after(async () => {
    for (const { child } of started) child.kill('SIGKILL')
    await Promise.all(started.map(({ ended }) => ended))
    await gateway.close()
    await sandbox[Symbol.asyncDispose]()
  })
  const run = (args: readonly string[], env: NodeJS.Dict<string> = {}): Running => {
    const running = startPostern(['tunnel', 'run', ...args], { env: { ...sandbox.env, ...env } })
    started.push(running)
    return running
  }
  return { gateway, path: sandbox.path, tokenFile, run }
}

function publisherAt(gateway: FakeGateway): PublishCredential {
  const expires = new Date(Date.now() + 60_000).toISOString()
  const secret = Buffer.alloc(32, 1).toString('base64url')
  const id = '0123456789abcdef'
  return {
    gateway: gateway.credential.gateway,
    ca: gateway.ca,
    site: 'site.com',
    id,
    secret,
    expires,
  }
}

async function startEcho(t: TestContext): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    // A stream that is given up is a reset here.
    socket.on('error', () => undefined).pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

const connected =
  /INF connector: Registered tunnel connection connIndex=0 connection=\S+ ip=\S+ location=gateway-1\n/

describe('postern tunnel run', () => {
  test('registers, serves streams, and ends in order at SIGTERM with 0', async (t) => {
    const port = await startEcho(t)
    const { gateway, tokenFile, run } = await openRig(t)
    const program = run(['--token-file', tokenFile, '--url', `tcp://127.0.0.1:${port}`])
    await program.untilStderr(connected)
    await gateway.linked(4)
    const [link] = gateway.links as [AcceptedLink]
    const stream = await gateway.open(link)
    stream.write('hello')
    assert.equal(String((await once(stream, 'data'))[0]), 'hello')
    program.child.kill('SIGTERM')
    await program.untilStderr(/Initiating graceful shutdown due to SIGTERM/)
    stream.write('still')
    assert.equal(String((await once(stream, 'data'))[0]), 'still')
    stream.end().resume()
    const { code, stdout } = await program.ended
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '' })
    assert.deepEqual(link.said, [{ type: 'draining' }])
  })

  test('a second SIGTERM ends it at once', async (t) => {
    const port = await startEcho(t)
    const { gateway, tokenFile, run } = await openRig(t)
    const program = run(['--token-file', tokenFile, '--url', `tcp://127.0.0.1:${port}`])
    await gateway.linked(1)
    const stream = await gateway.open(gateway.links[0] as AcceptedLink)
    stream.on('error', () => undefined)
    program.child.kill('SIGTERM')
    await program.untilStderr(/Initiating graceful shutdown/)
    program.child.kill('SIGTERM')
    assert.equal((await program.ended).code, 143)
  })

  test('a gateway that will not have it ends it with 4, and the reason', async (t) => {
    const { tokenFile, run } = await openRig(t, {
      answer: () => ({
        type: 'refused',
        code: 'tunnel-deleted',
        message: 'the tunnel "db" was deleted',
        next: 'make another one',
        retry: false,
      }),
    })
    const { code, stderr } = await run(['--token-file', tokenFile, '--url', 'ssh://localhost'])
      .ended
    assert.equal(code, 4)
    assert.match(
      stderr,
      /postern: error: the tunnel "db" was deleted\n {2}hint: make another one\n/,
    )
  })

  test('stays up while the gateway is away, and says so once', async (t) => {
    const { gateway, tokenFile, run } = await openRig(t)
    await gateway.close()
    const program = run(['--token-file', tokenFile, '--url', 'ssh://localhost'])
    await program.untilStderr(
      /cannot connect: the gateway "localhost:\d+" refused the connection.*; trying again/,
    )
    program.child.kill('SIGTERM')
    assert.equal((await program.ended).code, 0)
  })

  test('the forms of a credential in the environment are taken', async (t) => {
    const { gateway, path, tokenFile, run } = await openRig(t)
    const file = join(path, 'cred.json')
    await writeFile(file, encodeCredentialsFile(gateway.credential), { mode: 0o600 })
    const url = { TUNNEL_URL: 'ssh://localhost' }
    const forms: readonly NodeJS.Dict<string>[] = [
      { TUNNEL_TOKEN: encodeTunnelToken(gateway.credential) },
      { TUNNEL_TOKEN_FILE: tokenFile },
      { TUNNEL_CRED_FILE: file },
      { TUNNEL_CRED_CONTENTS: encodeCredentialsFile(gateway.credential) },
    ]
    for (const form of forms) {
      const program = run([], { ...url, ...form })
      await program.untilStderr(connected)
      program.child.kill('SIGKILL')
      await program.ended
    }
  })

  test('a token as an argument is said to be visible, and never shown', async (t) => {
    const { gateway, run } = await openRig(t)
    const token = encodeTunnelToken(gateway.credential)
    const program = run(['--token', token, '--url', 'ssh://localhost', '--no-autoupdate'])
    await program.untilStderr(/WRN .*every user of this machine can read "--token"[^]*--token-file/)
    await program.untilStderr(connected)
    program.child.kill('SIGTERM')
    assert.ok(!(await program.ended).stderr.includes(token))
  })

  test('a password of the proxy as an argument is said to be visible, and never shown', async (t) => {
    const { gateway, tokenFile, run } = await openRig(t)
    await using proxy = await startProxy({ to: gateway.port })
    const args = ['--token-file', tokenFile, '--url', 'ssh://localhost']
    const program = run([...args, '--proxy', `http://alice:hidden@127.0.0.1:${proxy.port}`], {
      NO_PROXY: 'localhost',
    })
    await program.untilStderr(/WRN .*can read the password in "--proxy"[^]*HTTPS_PROXY/)
    await program.untilStderr(connected)
    program.child.kill('SIGTERM')
    assert.doesNotMatch((await program.ended).stderr, /hidden/)
    assert.equal(proxy.asked[0]?.target, `localhost:${gateway.port}`)
  })

  test('the credential is asked for through the proxy as well', async (t) => {
    const { gateway, path, run } = await openRig(t)
    await using proxy = await startProxy({ status: 403 })
    const credential = join(path, 'cert.pem')
    await writeFile(credential, encodePublishCredential(publisherAt(gateway)), { mode: 0o600 })
    const args = ['db', '--url', 'ssh://localhost', '--origincert', credential]
    const program = run([...args, '--proxy', `127.0.0.1:${proxy.port}`])
    await program.untilStderr(/the proxy "127\.0\.0\.1:\d+" does not allow.*trying again/)
    assert.equal(proxy.asked[0]?.target, `localhost:${gateway.port}`)
  })

  test('systemd is told once it is connected, and of nothing else', async (t) => {
    const { path, tokenFile, run } = await openRig(t)
    const told = join(path, 'told')
    await writeFile(
      join(path, 'systemd-notify'),
      `#!/bin/sh\ncase $1 in READY=1) ;; *) exit 0 ;; esac\necho "$NOTIFY_SOCKET $*" > ${told}.new\n/usr/bin/env >> ${told}.new\n/bin/mv ${told}.new ${told}\n`,
    )
    await chmod(join(path, 'systemd-notify'), 0o755)
    const program = run(['--token-file', tokenFile, '--url', 'ssh://localhost'], {
      PATH: `${path}:${process.env['PATH']}`,
      NOTIFY_SOCKET: '/run/notify',
      TUNNEL_METRICS: '127.0.0.1:0',
    })
    await program.untilStderr(connected)
    const text = await untilThere(told)
    assert.match(text, /^\/run\/notify READY=1 STATUS=connected\n/)
    assert.doesNotMatch(text, /TUNNEL_/)
    program.child.kill('SIGTERM')
    await program.ended
  })

  test('a program that is run without anything to serve, or without a tunnel, is told what is missing', async (t) => {
    const { tokenFile, run } = await openRig(t)
    const noService = await run(['--token-file', tokenFile]).ended
    assert.equal(noService.code, 2)
    assert.match(noService.stderr, /no service is named[^]*--url/)
    const noTunnel = await run(['--url', 'ssh://localhost']).ended
    assert.equal(noTunnel.code, 2)
    assert.match(noTunnel.stderr, /no tunnel is named/)
  })
})

test('rules are checked without connecting, and each problem has its place', async (t) => {
  const { path } = await openRig(t)
  const config = join(path, 'config.yml')
  await writeFile(
    config,
    'ingress:\n  - {hostname: a.site.com, service: "http://localhost"}\n  - {service: "ssh://localhost"}\n',
  )
  const validate = await runPostern(['tunnel', 'ingress', 'validate', '--config', config])
  assert.equal(validate.code, 2)
  assert.match(
    validate.stderr,
    /config\.yml:2:\d+: ingress\[0\]\.service: .*not served[^]*1 of 2 rules/,
  )
  const rule = async (name: string) =>
    runPostern(['tunnel', 'ingress', 'rule', name, '--config', config])
  assert.equal(
    (await rule('https://b.site.com/x')).stdout,
    'rule 1: (every name) leads to ssh://localhost\n',
  )
  assert.match(
    (await rule('A.site.com')).stdout,
    /^rule 0: a\.site\.com leads to http:\/\/localhost\n/,
  )
  assert.equal((await rule('not a name')).code, 2)
})

describe('the configuration of a connector that runs', () => {
  test('is taken over at SIGHUP and at each way in which files are replaced; streams go on', async (t) => {
    const { gateway, path, tokenFile, run } = await openRig(t)
    const service = await startEcho(t)
    const releases = ['first', 'second', 'third'].map((name) => join(path, name))
    const [first = '', second = '', third = ''] = releases
    for (const release of releases) await mkdir(release)
    const rule = (port: number): string => `ingress: [{service: "tcp://127.0.0.1:${port}"}]\n`
    await writeFile(join(first, 'config.yml'), rule(service))
    await writeFile(join(second, 'config.yml'), rule(1))
    await writeFile(join(third, 'config.yml'), rule(service))
    // As Kubernetes mounts a ConfigMap: the file is a link through a link that is swapped.
    await symlink(first, join(path, '..data'))
    const config = join(path, 'config.yml')
    await symlink(join('..data', 'config.yml'), config)
    const swap = async (release: string): Promise<void> => {
      await symlink(release, join(path, '..data.new'))
      await rename(join(path, '..data.new'), join(path, '..data'))
    }
    const program = run(['--token-file', tokenFile, '--config', config])
    await gateway.linked(4)
    const [link] = gateway.links as [AcceptedLink]
    const stream = await gateway.open(link)
    const reaches = async (): Promise<boolean> => {
      const opened = await gateway.open(link).catch(() => undefined)
      opened?.destroy()
      return opened !== undefined
    }
    const updated = (times: number): RegExp =>
      new RegExp(`(?:[^]*Updated to new configuration: 1 rule){${times}}`)

    await swap(second)
    await program.untilStderr(updated(1))
    assert.equal(await reaches(), false)
    await swap(third)
    await program.untilStderr(updated(2))
    assert.equal(await reaches(), true)

    // Half of a file, and none: what holds goes on holding.
    await writeFile(join(third, 'config.yml'), rule(1).slice(0, 20))
    await program.untilStderr(/ERR .*not taken over: .*config\.yml:1/)
    await rm(join(third, 'config.yml'))
    await program.untilStderr(/ERR .*not taken over: .*cannot read .*no such file/)
    assert.equal(await reaches(), true)
    await writeFile(join(third, 'config.yml.new'), rule(1))
    await rename(join(third, 'config.yml.new'), join(third, 'config.yml'))
    await program.untilStderr(updated(3))
    assert.equal(await reaches(), false)

    // Nothing has changed: it is read again all the same.
    program.child.kill('SIGHUP')
    await program.untilStderr(updated(4))
    stream.write('still')
    assert.equal(String((await once(stream, 'data'))[0]), 'still')
    stream.end().resume()
    assert.equal(gateway.links.length, 4)
    program.child.kill('SIGTERM')
    assert.equal((await program.ended).code, 0)
  })
})

test('what can never work ends it, each with its code and never with 0', async (t) => {
  const { gateway, path, tokenFile, run } = await openRig(t)
  const inUse = await startEcho(t)
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(path, name), text, { mode: 0o600 })
    return join(path, name)
  }
  const withoutTls = encodeTunnelToken({ ...gateway.credential, gateway: 'http://localhost' })
  const given = ['--token-file', tokenFile]
  const url = ['--url', 'ssh://localhost']
  const cases: readonly (readonly [code: number, says: RegExp, args: readonly string[]])[] = [
    [2, /no tunnel is named/, url],
    [2, /cannot read ".*nowhere"/, ['--token-file', join(path, 'nowhere'), ...url]],
    [
      2,
      /is not the credential of a named tunnel/,
      ['--token-file', await write('bad', 'bad'), ...url],
    ],
    [2, /is without TLS/, ['--token-file', await write('plain', withoutTls), ...url]],
    [2, /no service is named/, given],
    [2, /nothing\.yml/, [...given, '--config', join(path, 'nothing.yml')]],
    [
      2,
      /http:\/\//,
      [...given, '--config', await write('h.yml', 'ingress: [{service: "http://a"}]')],
    ],
    [2, /grace-period/, [...given, ...url, '--grace-period', '30']],
    [2, /--proxy/, [...given, ...url, '--proxy', 'socks5://localhost']],
    [8, /cannot use ".*gone\.pem"/, [...given, ...url, '--cacert', join(path, 'gone.pem')]],
    [8, /EADDRINUSE|in use/, [...given, ...url, '--metrics', `127.0.0.1:${inUse}`]],
  ]
  for (const [code, says, args] of cases) {
    const ended = await run(args).ended
    assert.equal(ended.code, code, `${args.join(' ')}: ${ended.stderr}`)
    assert.match(ended.stderr, says)
    assert.equal(ended.stdout, '')
  }
})

/** The text of a file that another program puts there. */
async function untilThere(path: string): Promise<string> {
  const watcher = watch(dirname(path))
  try {
    while (!existsSync(path)) await once(watcher, 'change')
    return readFileSync(path, 'utf8')
  } finally {
    watcher.close()
  }
}
