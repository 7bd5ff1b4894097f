import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runProgramSync } from '../program.fixture.ts'
import type { UpstreamWay } from './upstream-way.ts'
import { waysTo } from './ways.ts'

const gateway = 'https://gate.example.com'

function commands(from: string, at = gateway): readonly string[] {
  return waysTo({ from: `tcp+https://${from}` }, at).flatMap((way) =>
    way.commands.map(({ command }) => command),
  )
}

describe('the ways to a route', () => {
  test('a port whose program is known has one command that opens it', () => {
    const open = (from: string, at = gateway) =>
      waysTo({ from: `tcp+https://${from}` }, at).map((way) => way.open)
    assert.deepEqual(open('gate.example.com:22', 'https://gate.example.com'), [
      'postern connect gate.example.com:22',
    ])
    assert.deepEqual(open('db.example.com:5432'), [
      `postern connect --gateway ${gateway} db.example.com:5432`,
    ])
    assert.deepEqual(
      [open('echo.example.com:7'), open('any.example.com')],
      [[undefined], [undefined]],
    )
  })

  test('the tool is guessed from the port that people ask for', () => {
    const open = `postern tcp --gateway ${gateway} --listen 127.0.0.1:`
    assert.deepEqual(commands('ssh.example.com:22'), [
      `ssh -o "ProxyCommand=postern tcp --gateway ${gateway} --listen - %h:%p" ssh.example.com`,
    ])
    assert.deepEqual(commands('db.example.com:5432'), [
      `${open}15432 db.example.com:5432`,
      'psql "host=db.example.com hostaddr=127.0.0.1 port=15432"',
    ])
    assert.deepEqual(commands('db.example.com:3306'), [
      `${open}13306 db.example.com:3306`,
      'mysql --host=127.0.0.1 --port=13306',
    ])
    assert.deepEqual(commands('cache.example.com:6379'), [
      `${open}16379 cache.example.com:6379`,
      'redis-cli -h 127.0.0.1 -p 16379',
    ])
    assert.deepEqual(commands('docs.example.com:27017').slice(1), [
      'mongosh "mongodb://127.0.0.1:37017/?directConnection=true"',
    ])
    assert.deepEqual(commands('sql.example.com:1433').slice(1), ['sqlcmd -S "tcp:127.0.0.1,11433"'])
    assert.deepEqual(commands('win.example.com:3389'), [
      `${open}13389 win.example.com:3389`,
      'mstsc /v:127.0.0.1:13389',
      'xfreerdp /v:127.0.0.1:13389',
    ])
    assert.deepEqual(commands('echo.example.com:7'), [
      `postern tcp --gateway ${gateway} echo.example.com:7`,
    ])
  })

  test('the gateway is left out where it is at the destination itself', () => {
    assert.deepEqual(commands('gate.example.com:7'), ['postern tcp gate.example.com:7'])
    assert.deepEqual(commands('gate.example.com:7', `${gateway}:8443`), [
      `postern tcp --gateway ${gateway}:8443 gate.example.com:7`,
    ])
  })

  test('the extended form names its own gateway, once for each destination', () => {
    assert.deepEqual(commands('other.example.com:8443/a.internal:7/b.internal:9'), [
      'postern tcp --gateway https://other.example.com:8443 a.internal:7',
      'postern tcp --gateway https://other.example.com:8443 b.internal:9',
    ])
    assert.deepEqual(commands('other.example.com:443/a.internal:7'), [
      'postern tcp --gateway https://other.example.com a.internal:7',
    ])
  })

  test('an application is reached by its host name alone, on the port of the gateway', () => {
    const of = (from: string, at = gateway): ReturnType<typeof waysTo> =>
      waysTo({ from: `tcp+https://${from}:443`, isApplication: true }, at)
    const [way] = of('tcp.site.com')
    const command = 'postern access tcp --hostname tcp.site.com --url localhost:22654'
    assert.deepEqual(way, {
      destination: 'tcp.site.com:443',
      gateway,
      placeholders: [],
      connect: command,
      commands: [{ tool: 'postern', command }],
    })
    const [elsewhere] = of('tcp.site.com', `${gateway}:8443`)
    assert.match(elsewhere?.connect ?? '', / --hostname tcp\.site\.com:8443 /)
    const [open] = of('*.site.com')
    assert.deepEqual([open?.placeholders, open?.destination], [['NAME'], 'NAME.site.com:443'])
  })

  test("an application's command is for the tool that its service is for, where that is known", () => {
    const to = (way: object): ReturnType<typeof waysTo> =>
      waysTo(
        { from: 'tcp+https://a.site.com:443', isApplication: true, way: way as UpstreamWay },
        `${gateway}:8443`,
      )
    const commandsOf = (way: object): string[] =>
      to(way).flatMap(({ commands: list }) => list.map(({ command }) => command))
    const connector = { kind: 'connector', tunnel: 'lab' }
    const behind = (port: number): object => ({ ...connector, service: { host: 'b', port } })
    const direct = (...ports: number[]): object => ({
      kind: 'direct',
      to: ports.map((port) => ({ host: 'b', port, weight: 1 })),
    })
    const plain = ['postern access tcp --hostname a.site.com:8443 --url localhost:26274']
    assert.deepEqual(commandsOf(behind(22)), [
      'ssh -o "ProxyCommand=postern access ssh --hostname a.site.com:8443" a.site.com',
    ])
    assert.deepEqual(commandsOf(direct(5432, 5432)), [
      'postern access tcp --hostname a.site.com:8443 --url localhost:15432',
      'psql "host=a.site.com hostaddr=127.0.0.1 port=15432"',
    ])
    assert.match(to(behind(5432))[0]?.connect ?? '', / --url localhost:15432$/)
    assert.deepEqual(commandsOf(behind(3389)), [
      'postern access rdp --hostname a.site.com:8443 --url localhost:13389',
      'mstsc /v:127.0.0.1:13389',
      'xfreerdp /v:127.0.0.1:13389',
    ])
    for (const way of [connector, behind(7), direct(22, 5432), { kind: 'next-gateway', to: [] }])
      assert.deepEqual(commandsOf(way), plain)
    const [bastion] = to({ ...connector, isBastion: true })
    assert.deepEqual(bastion?.placeholders, ['HOST', 'PORT'])
    assert.match(bastion.connect, / --destination HOST:PORT --url localhost:26274$/)
  })

  test("a connector's word brings the tool of an application, and leaves the local port as it was", () => {
    const from = 'tcp+https://a.site.com:443'
    const open = 'postern access tcp --hostname a.site.com --url localhost:'
    const of = (way: object, offeredPort?: number): string[] =>
      waysTo({ from, isApplication: true, way: way as UpstreamWay }, gateway, {
        offeredPort,
      }).flatMap((it) => it.commands.map(({ command }) => command))
    const connector = { kind: 'connector', tunnel: 'lab' }
    assert.deepEqual(of(connector, 22), [
      'ssh -o "ProxyCommand=postern access ssh --hostname a.site.com" a.site.com',
    ])
    const away = of(connector)
    assert.deepEqual(away, [`${open}26274`])
    assert.deepEqual(of(connector, 5432), [
      ...away,
      'psql "host=a.site.com hostaddr=127.0.0.1 port=26274"',
    ])
    // What the configuration says comes first.
    const service = { host: 'b', port: 6379 }
    assert.deepEqual(of({ ...connector, service }, 5432), [
      `${open}16379`,
      'redis-cli -h 127.0.0.1 -p 16379',
    ])
  })

  test('what a route leaves open is a placeholder, and said to be one', () => {
    const [wildcard] = waysTo({ from: 'tcp+https://*.lab.example.com:22' }, gateway)
    assert.deepEqual(wildcard?.placeholders, ['NAME'])
    assert.equal(wildcard.destination, 'NAME.lab.example.com:22')
    assert.match(wildcard.commands[0]?.command ?? '', / NAME\.lab\.example\.com$/)
    const [open] = waysTo({ from: 'tcp+https://any.example.com' }, gateway)
    assert.deepEqual(open?.placeholders, ['PORT'])
    assert.match(open.commands[0]?.command ?? '', / any\.example\.com:PORT$/)
    const [both] = waysTo({ from: 'tcp+https://*.example.com' }, gateway)
    assert.deepEqual(both?.placeholders, ['NAME', 'PORT'])
  })

  test('a shell reads the words as they are meant, IPv6 included', () => {
    const words = (command: string): string[] =>
      runProgramSync('/bin/sh', ['-c', `printf '%s\\n' ${command.replace(/^\S+ /, '')}`])
        .stdout.split('\n')
        .slice(0, -1)
    const [echo = ''] = commands('[fd00::1]:7', 'https://[fd00::2]:8443')
    assert.deepEqual(words(echo), ['tcp', '--gateway', 'https://[fd00::2]:8443', '[fd00::1]:7'])
    const [ssh = ''] = commands('[fd00::1]:22', 'https://[fd00::2]')
    assert.deepEqual(words(ssh), [
      '-o',
      'ProxyCommand=postern tcp --gateway https://[fd00::2] --listen - [%h]:%p',
      'fd00::1',
    ])
  })
})
