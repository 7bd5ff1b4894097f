import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseService } from './service.ts'

function targetOf(text: string): unknown {
  const service = parseService(text)
  return 'kind' in service && service.kind === 'tcp' ? service.target : service
}

function faultOf(text: string): string {
  const service = parseService(text)
  assert.ok('fault' in service, text)
  return `${service.fault} | ${service.hint ?? ''}`
}

test('a scheme stands for its port where none is written', () => {
  assert.deepEqual(targetOf('tcp://localhost'), { host: 'localhost', port: 7864 })
  assert.deepEqual(targetOf('ssh://localhost'), { host: 'localhost', port: 22 })
  assert.deepEqual(targetOf('rdp://10.0.0.7'), { host: '10.0.0.7', port: 3389 })
  assert.deepEqual(targetOf('smb://files.corp'), { host: 'files.corp', port: 445 })
  assert.deepEqual(targetOf('tcp://localhost:7870'), { host: 'localhost', port: 7870 })
  assert.deepEqual(targetOf('TCP://[::1]:5432'), { host: '::1', port: 5432 })
})

test('any other scheme is bytes too, with a port', () => {
  assert.deepEqual(targetOf('postgres://db.corp:5432'), { host: 'db.corp', port: 5432 })
  assert.match(
    faultOf('postgres://db.corp'),
    /must name a port.*write "postgres:\/\/db\.corp:PORT"/,
  )
})

test('sockets, statuses, bastion and socks-proxy are what they say', () => {
  const unix = parseService('unix:/run/app.sock')
  assert.deepEqual(unix, { kind: 'unix', text: 'unix:/run/app.sock', path: '/run/app.sock' })
  assert.deepEqual(parseService('http_status:404'), {
    kind: 'status',
    text: 'http_status:404',
    status: 404,
  })
  assert.deepEqual(parseService('bastion'), { kind: 'bastion', text: 'bastion' })
  assert.deepEqual(parseService('socks-proxy'), { kind: 'socks-proxy', text: 'socks-proxy' })
})

test('what carries requests is told apart, with the words that carry its bytes', () => {
  assert.match(faultOf('http://localhost:8080'), /not served.*write "tcp:\/\/localhost:8080"/)
  assert.match(faultOf('https://intranet'), /write "tcp:\/\/intranet:443"/)
  assert.match(faultOf('ws://localhost'), /write "tcp:\/\/localhost:80"/)
  assert.match(faultOf('hello_world'), /not served/)
  assert.match(faultOf('unix+tls:/run/app.sock'), /write "unix:PATH"/)
})

test('an address alone is told with its scheme', () => {
  assert.match(faultOf('localhost:22'), /^must .*write "tcp:\/\/localhost:22"$/)
  assert.match(faultOf('[::1]:22'), /write "tcp:\/\/\[::1\]:22"$/)
  assert.match(faultOf('localhost'), /^must .*\| $/)
})

test('what is no service is told with what one looks like', () => {
  for (const text of [
    'localhost:22',
    'tcp://',
    'tcp://host:0',
    'tcp://host:65536',
    'tcp://user@host:1',
    'tcp://host:1/path',
    'tcp://host:1?x',
    'tcp://ho st:1',
    'tcp://[::1:1',
    'unix:',
    'unix:run/app.sock',
    'http_status:99',
    'http_status:1000',
    'http_status:4.4',
    '',
  ]) {
    assert.match(faultOf(text), /^must/, text)
  }
})
