import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { stateOfProcess } from '../../src/client/sign-in/process-identity.ts'
import { startFakeGateway } from '../../src/reach/fake-gateway.fixture.ts'
import { createSandbox, runPostern, startPostern } from './program.ts'

describe('what the commands of the desktop daemon say', () => {
  test('a damaged file is told of, with what to do', async () => {
    await using home = await openHome()
    await mkdir(join(home.path, 'postern'))
    await writeFile(
      join(home.path, 'postern', 'connections.json'),
      '{"version": 1,\n"connections": [',
    )
    const up = await home.run('up')
    assert.equal(up.code, 2)
    assert.match(
      up.stderr,
      /could not be read \(.*connections\.json:\d+:\d+: opens "\[", which is never closed\): it is kept as/,
    )
    assert.match(up.stderr, /\n {2}hint: mend it and import it, .*\nno connection is saved yet\n/)
    assert.match((await home.run('status')).stderr, /it is kept as .*\n {2}hint: mend it/)
  })

  test('a gateway that wants a sign-in is told with a command that begins one', async () => {
    await using gateway = await startFakeGateway()
    await using home = await openHome()
    const file = join(home.path, 'team.json')
    const db = {
      name: 'db',
      destination: 'db.corp:5432',
      gateway: gateway.origin,
      ca_cert: gateway.ca,
    }
    await writeFile(file, JSON.stringify({ connections: [{ ...db, listen: '127.0.0.1:0' }] }))
    const up = await home.run('up', '-f', file)
    assert.equal(up.code, 0, up.stderr)
    const status = await home.run('status')
    assert.match(status.stdout, /^db .* sign-in needed\n/m)
    const [, command = ''] = /run "postern ([^"]*)"/.exec(status.stderr) ?? []
    const authority = join(home.path, 'ca.pem')
    await writeFile(authority, gateway.ca)
    const words = [...command.split(' '), '--ca-file', authority, '--browser-cmd', 'true']
    const login = startPostern(words, { env: home.env })
    await login.untilStderr(/sign in at:/)
    assert.equal(gateway.logins, 1)
    login.child.kill()
    await login.ended
    assert.match((await home.run('logs', 'DB')).stdout, / db: listening on /)
    assert.match((await home.run('down', '-f', file, 'DB')).stderr, /^1 taken down$/m)
    assert.match((await home.run('status', 'DB')).stdout, /^db .* off\n/m, 'it is not forgotten')
    const nobody = await home.run('status', 'nobody')
    assert.equal(nobody.code, 2)
    assert.match(nobody.stderr, /there is no connection "nobody"/)
  })

  test('a file for a team leaves out what is remembered, and a proxy takes a name', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using home = await openHome()
    await mkdir(join(home.path, 'postern'))
    const known = { name: 'office', url: gateway.origin, ca: gateway.ca }
    const remembered = JSON.stringify({ version: 1, default: 'office', gateways: [known] })
    await writeFile(join(home.path, 'postern', 'gateways.json'), remembered)
    const file = join(home.path, 'team.json')
    const connections = [{ name: 'db', destination: 'db.corp:5432', listen: '127.0.0.1:0' }]
    await writeFile(file, JSON.stringify({ connections }))
    const up = await home.run('up', '-f', file, '--json')
    assert.equal(up.code, 0, up.stderr)
    const [db] = JSON.parse((await home.run('status', 'db', '--json')).stdout).connections
    assert.equal(db.gateway, gateway.origin)
    const proxy = await home.run('up', '--proxy', '127.0.0.1:0', '--proxy-gateway', 'office')
    assert.equal(proxy.code, 0, proxy.stderr)
    assert.ok(proxy.stderr.includes(`every route of ${gateway.origin} `), proxy.stderr)
  })
})

/** A home of its own, whose daemon ends with it. */
async function openHome() {
  const sandbox = await createSandbox()
  const env = { ...sandbox.env, XDG_CONFIG_HOME: sandbox.path, XDG_STATE_HOME: sandbox.path }
  const run = (...args: string[]) => runPostern(args, { env })
  return {
    path: sandbox.path,
    env,
    run,
    async [Symbol.asyncDispose]() {
      const { stderr } = await run('down', '--quit')
      const pid = Number(/process (\d+)/.exec(stderr)?.[1])
      // It is no child of ours, whose end we would be told.
      if (pid > 0) while ((await stateOfProcess(pid)).isRunning) await pause(20)
      await sandbox[Symbol.asyncDispose]()
    },
  }
}
