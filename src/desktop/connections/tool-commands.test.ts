import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { connectionSettings, type ConnectionInput } from '../wire/connection.ts'
import { rdpFile } from './rdp-file.ts'
import { commandsFor } from './tool-commands.ts'

function settings(destination: string, more: Partial<ConnectionInput> = {}) {
  return connectionSettings.parse({ name: 'x', destination, ...more })
}

function commands(destination: string, address: string, name = 'x'): readonly string[] {
  return commandsFor(settings(destination, { name }), address).map(({ command }) => command)
}

describe('the commands for a connection', () => {
  test('go by the port of its destination', () => {
    const own = '127.80.1.2:15432'
    assert.deepEqual(commands('db.corp:5432', own), [
      'psql "host=db.corp hostaddr=127.80.1.2 port=15432"',
    ])
    assert.deepEqual(commands('https://gate.corp/db.corp:3306', own), [
      'mysql --host=127.80.1.2 --port=15432',
    ])
    assert.deepEqual(commands('cache.corp:6379', own), ['redis-cli -h 127.80.1.2 -p 15432'])
    assert.deepEqual(commands('docs.corp:27017', own), [
      'mongosh "mongodb://127.80.1.2:15432/?directConnection=true"',
    ])
    assert.deepEqual(commands('win.corp:3389', own), [
      'mstsc /v:127.80.1.2:15432',
      'xfreerdp /v:127.80.1.2:15432',
    ])
    assert.deepEqual(commands('ssh.corp:22', '127.80.1.2:10022'), [
      'ssh -o HostKeyAlias=ssh.corp -p 10022 127.80.1.2',
      'sftp -o HostKeyAlias=ssh.corp -P 10022 127.80.1.2',
    ])
    assert.deepEqual(commands('wiki.corp:8080', '127.80.1.2:8080'), [
      'curl --connect-to wiki.corp:8080:127.80.1.2:8080 http://wiki.corp:8080/',
    ])
  })

  test('else by what it or its host is called', () => {
    assert.match(commands('postgres-2.corp:6432', '127.0.0.1:1')[0] ?? '', /^psql /)
    assert.match(
      commands('a.corp:2222', '127.0.0.1:1', 'Build SSH')[0] ?? '',
      /^ssh -o "HostKeyAlias=\[a\.corp\]:2222" /,
    )
    assert.deepEqual(commands('a.corp:7777', '127.0.0.1:1', 'sshow redistribution'), [])
    assert.deepEqual(commands('app.corp:443', '127.0.0.1:1'), [])
    // What the port says comes first.
    assert.match(commands('redis.corp:5432', '127.0.0.1:1')[0] ?? '', /^psql /)
  })

  test('find a listener on all addresses at one of them, and quote what a shell would read', () => {
    for (const address of [':6379', '0.0.0.0:6379', '[::]:6379', 'localhost:6379', '6379'])
      assert.deepEqual(commands('cache.corp:6379', address), ['redis-cli -h 127.0.0.1 -p 6379'])
    assert.deepEqual(commands('win.corp:3389', '[::1]:3389')[0], 'mstsc "/v:[::1]:3389"')
    assert.deepEqual(commands('[fd00::1]:8080', '127.0.0.1:1'), [
      'curl --connect-to "[fd00::1]:8080:127.0.0.1:1" "http://[fd00::1]:8080/"',
    ])
  })

  test('use a Unix socket where the tool can', () => {
    assert.deepEqual(commands('db.corp:3306', 'unix:/run/db.sock'), ['mysql --socket=/run/db.sock'])
    assert.deepEqual(commands('c.corp:6379', "unix:/tmp/$(x) it's"), [
      "redis-cli -s '/tmp/$(x) it'\\''s'",
    ])
    assert.deepEqual(commands('w.corp:80', 'unix:/w'), ['curl --unix-socket /w http://w.corp:80/'])
    assert.deepEqual(commands('ssh.corp:22', 'unix:/s'), [])
  })

  test('are none for what cannot be up or does not listen', () => {
    const udp = settings('dns.corp:5432', { protocol: 'udp' })
    assert.deepEqual(commandsFor(udp, '127.0.0.1:5432'), [])
    assert.deepEqual(commands('db.corp:5432', '127.0.0.1:0'), [])
    assert.deepEqual(commands('nowhere', '127.0.0.1:1'), [])
    assert.deepEqual(commands('db.corp:5432', '-'), [])
  })

  test('hold nothing that a shell would run, whatever a connection is called', () => {
    const port = fc.constantFrom(22, 80, 1433, 3306, 3389, 5432, 6379, 8080, 27_017)
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.string(),
    )
    fc.assert(
      fc.property(host, port, fc.string(), (at, number, name) => {
        for (const command of commands(`${at}:${number}`, '127.9.8.7:1', name.trim() || 'x'))
          assert.match(command, /^[\w ./:=@,+?"[\]-]+$/)
      }),
    )
  })
})

describe('a file for Remote Desktop', () => {
  test('leads to the local address, and holds no credential', () => {
    const file = rdpFile('127.80.1.2:13389') ?? ''
    const lines = file.split('\r\n')
    assert.equal(lines[0], 'full address:s:127.80.1.2:13389')
    assert.ok(lines.includes('prompt for credentials:i:1'))
    assert.ok(lines.includes('drivestoredirect:s:'))
    assert.doesNotMatch(file, /password|username/i)
    assert.doesNotMatch(file.replaceAll('\r\n', ''), /[\r\n]|[^ -~]/)
    assert.ok(file.endsWith('\r\n'))
  })

  test('is none for a Unix socket', () => {
    assert.equal(rdpFile('unix:/run/x'), undefined)
    assert.match(rdpFile('[::1]:3389') ?? '', /^full address:s:\[::1\]:3389\r\n/)
  })
})
