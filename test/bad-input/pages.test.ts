import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe } from 'node:test'
import { endHeaders, fields, frame, preface } from './frames.ts'
import { connectTls } from './dial.ts'
import { attackTest, inTurns, many, open, pour, untilEnd, type Victim } from './victim.ts'

/** Says these bytes over HTTP/1.1 and answers what came back. */
async function say({ rig }: Victim, ...pieces: readonly (string | Buffer)[]): Promise<string> {
  const socket = await connectTls(rig, 'http/1.1')
  const answer = untilEnd(socket)
  await pour(socket, pieces)
  return answer
}

/** The same, and ends our side in the middle of a body. */
async function sayAndEnd({ rig }: Victim, ...pieces: readonly (string | Buffer)[]): Promise<void> {
  const socket = await connectTls(rig, 'http/1.1')
  const answer = untilEnd(socket)
  await pour(socket, pieces)
  socket.end()
  await answer
}

function statusesOf(answer: string): readonly number[] {
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}

interface Asked {
  readonly method?: string
  readonly host?: string
  readonly lines?: readonly string[]
  readonly body?: string | Buffer
}

function requestTo(path: string, asked: Asked = {}): Buffer {
  const { method = 'GET', host = 'localhost', lines = [], body } = asked
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  const fixed = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close']
  const head = [...fixed, ...lines, ...length, '', '']
  return Buffer.concat([Buffer.from(head.join('\r\n'), 'latin1'), Buffer.from(body ?? '')])
}

/** Requests to the name by which this gateway knows itself; pages redirect from every other one. */
function requestsOf({ rig }: Victim): typeof requestTo {
  const { host } = new URL(rig.origin)
  return (path, asked) => requestTo(path, { host, ...asked })
}

const formType = 'Content-Type: application/x-www-form-urlencoded'
const jsonType = 'Content-Type: application/json'
const multipartType = 'Content-Type: multipart/form-data; boundary=b'

const paths = [
  '/',
  '/healthz',
  '/robots.txt',
  '/.pomerium/',
  '/.pomerium/user',
  '/.pomerium/sign_in',
  '/.pomerium/sign_out',
  '/.pomerium/signed_out',
  '/.pomerium/api/v1/login',
  '/.pomerium/api/v1/token',
  '/.pomerium/api/v1/routes',
  '/oauth2/callback',
  '/.postern/api/v1/portal',
  '/.postern/portal/index.html',
  '/.postern/device',
  '/.postern/device/done',
  '/.postern/v1/device/code',
  '/.postern/v1/device/token',
  '/.postern/v1/sign_out',
  `/.postern/v1/tunnel/${open}`,
  '/nowhere',
]
/** Those that read a body. */
const forms = [
  '/.pomerium/api/v1/token',
  '/.postern/v1/device/code',
  '/.postern/v1/device/token',
  '/.postern/device',
]

/** Ways out of the folder of the portal's files, and none of them is one. */
const traversals = [
  '/.postern/portal/../../../../../../etc/passwd',
  '/.postern/portal/..%2f..%2f..%2f..%2f..%2fetc/passwd',
  '/.postern/portal/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
  '/.postern/portal/..%5c..%5c..%5cetc%5cpasswd',
  '/.postern/portal/..%252f..%252fetc%252fpasswd',
  '/.postern/portal//etc/passwd',
  '/.postern/portal/%00',
  '/.postern/portal/index.html%00.js',
  '/.postern/portal/../../package.json',
  '/.postern/portal/__proto__',
  '/.postern/portal/constructor',
  '//etc/passwd',
  '/../../../../etc/passwd',
  '/%2e%2e/%2e%2e/etc/passwd',
]

const oddRequests = (request: typeof requestTo): Readonly<Record<string, Buffer>> => ({
  ...Object.fromEntries(traversals.map((path) => [path, request(path)])),
  'a broken escape': request('/%zz%'),
  'no UTF-8': request('/\xff\xfe'),
  'a long path': request(`/${'a'.repeat(20_000)}`),
  'many segments': request('/a'.repeat(8_000)),
  'many parameters': request(`/.pomerium/sign_in?${'a=b&'.repeat(5_000)}`),
  'a whole address': request('http://evil.example.com/healthz'),
  'a whole address of TLS': request('https://localhost/healthz'),
  'a star': request('*', { method: 'OPTIONS' }),
  'no path': request('?x=y'),
  'an empty Host': request('/', { host: '' }),
  ...Object.fromEntries(
    ['a b', '[::1', '::1', 'localhost:99999', 'a/../b', 'a?b#c', 'a@b', '%00', '\xff', '<x>'].map(
      (host) => [`Host: ${host}`, request('/.pomerium/', { host })],
    ),
  ),
  'a long Host': request('/.pomerium/', { host: `${'a'.repeat(10_000)}.example.com` }),
  'a cookie that is none': request('/.pomerium/', { lines: ['Cookie: =;;=; ;a;__Host-postern'] }),
  'a cookie of another': request('/.pomerium/', { lines: ['Cookie: __Host-postern=a.b.c.d.e'] }),
  'a long cookie': request('/.pomerium/', {
    lines: [`Cookie: __Host-postern=${'x'.repeat(20_000)}`],
  }),
  'many cookies': request('/', { lines: [`Cookie: ${'__Host-postern=x; '.repeat(1_500)}`] }),
  'an escaped cookie': request('/', { lines: ['Cookie: __Host-postern=%zz%00%ff'] }),
  'many sign-ins under way': request('/.pomerium/sign_in', {
    lines: [
      `Cookie: ${Array.from({ length: 300 }, (_, i) => `__Host-postern_sign_in_${i}=x`).join('; ')}`,
    ],
  }),
  'a sign-in of nobody': request('/oauth2/callback?state=x&code=y'),
  'a sign-in with errors': request('/oauth2/callback?state=x&error=%3Cscript%3E&error=x'),
  'an address that nobody signed': request(
    '/.pomerium/sign_in?pomerium_redirect_uri=http%3A%2F%2F127.0.0.1%2F&pomerium_signature=x',
  ),
  'a redirect to nowhere': request(
    '/.pomerium/api/v1/login?pomerium_redirect_uri=http%3A%2F%2F%5B',
  ),
  'a long token': request('/.pomerium/user', {
    lines: [`Authorization: Bearer Pomerium-${'a.'.repeat(9_000)}`],
  }),
  'a body of GET': request('/healthz', { body: 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n' }),
  'an Accept that is long': request('/nowhere', { lines: [`Accept: ${'a/b,'.repeat(6_000)}`] }),
  'an expectation': request('/', { lines: ['Expect: the-moon'] }),
  'a range': request('/', { lines: ['Range: bytes=0-0,1-1,2-2'] }),
})

/** Bodies that are no form, or more than one. */
const bodies: Readonly<Record<string, readonly [type: string, body: string | Buffer]>> = {
  'nothing at all': [formType, ''],
  'no type': ['X-A: b', 'code=x'],
  'another type': ['Content-Type: text/plain', 'code=x'],
  'a type that is none': ['Content-Type: ;;;=', 'code=x'],
  JSON: [jsonType, '{"code": {"$ne": 1}, "device_code": [1, 2], "host": null}'],
  'JSON that is none': [jsonType, '{'.repeat(2_000)],
  'other names': [formType, '__proto__=x&constructor=y&toString=z'],
  'names again and again': [formType, 'device_code=x&'.repeat(200)],
  'names of lists': [formType, 'host[]=a&host[]=b&command.x=y&command.x.y=z'],
  'names of the prototype': [formType, '__proto__.x=y&constructor.prototype.x=y'],
  'broken escapes': [formType, 'host=%zz%&command=%ff%00%0d%0a&device_code=%'],
  'control characters': [formType, `host=${'%1b%5b31m'.repeat(100)}&command=%e2%80%ae`],
  'as much as is taken': [formType, `host=${'x'.repeat(4_000)}`],
  'more than is taken': [formType, `host=${'x'.repeat(5_000)}`],
  'far more than is taken': [formType, `host=${'x'.repeat(5_000_000)}`],
  parts: [multipartType, '--b\r\nContent-Disposition: form-data; name="host"\r\n\r\nx\r\n--b--'],
  'a file': [
    multipartType,
    '--b\r\nContent-Disposition: form-data; name="host"; filename="x"\r\n\r\nx\r\n--b--\r\n',
  ],
  'parts that never end': [multipartType, '--b\r\nContent-Disposition: form-data; name="host'],
  'parts without a boundary': ['Content-Type: multipart/form-data', '--b\r\n\r\n'],
  'bytes at random': [
    formType,
    Buffer.from(Array.from({ length: 2_000 }, (_, i) => (i * 37) % 256)),
  ],
}

describe('the pages and APIs under bad input', () => {
  attackTest('every odd request has one answer, and none from outside', async (victim) => {
    const reports: string[] = []
    const ask = async ([name, bytes]: readonly [string, Buffer]): Promise<void> => {
      const answer = await say(victim, bytes)
      const statuses = statusesOf(answer)
      if (statuses.length !== 1 || (statuses[0] ?? 500) >= 500)
        reports.push(`${name}: ${statuses.join(' ')}`)
      if (/root:.*:0:0:|"devDependencies"|evil\.example\.com\/[^"]*"/.test(answer))
        reports.push(`${name}: ${answer.slice(0, 300)}`)
    }
    await inTurns(Object.entries(oddRequests(requestsOf(victim))), ask)
    assert.deepEqual(reports, [])
  })

  attackTest('every method has one answer on every path', async (victim) => {
    const request = requestsOf(victim)
    const methods = [
      'HEAD',
      'OPTIONS',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'TRACE',
      'PROPFIND',
      'PURGE',
    ]
    const reports: string[] = []
    await inTurns(paths, async (path) => {
      for (const method of methods) {
        const answer = await say(victim, request(path, { method, lines: ['X-Mark: mirrored'] }))
        const statuses = statusesOf(answer)
        if (statuses.length !== 1 || (statuses[0] ?? 500) >= 500)
          reports.push(`${method} ${path}: ${statuses.join(' ')}`)
        // TRACE would show a script the cookie that it may not read (RFC 9110 §9.3.8).
        if (answer.includes('mirrored')) reports.push(`${method} ${path}: sends back what came`)
      }
    })
    assert.deepEqual(reports, [])
  })

  attackTest(
    'bodies that are no forms are refused, and never read beyond their bound',
    async (victim) => {
      const reports: string[] = []
      const request = requestsOf(victim)
      for (const path of forms) {
        await inTurns(Object.entries(bodies), async ([name, [type, body]]) => {
          const answer = await say(victim, request(path, { method: 'POST', lines: [type], body }))
          const statuses = statusesOf(answer)
          const isTooLarge = /more than is taken/.test(name)
          const isFine = isTooLarge ? statuses[0] === 413 : (statuses[0] ?? 500) < 500
          if (statuses.length !== 1 || !isFine)
            reports.push(`${path}, ${name}: ${statuses.join(' ')}`)
        })
        // The length is not said, or is not true.
        const chunk = `1000\r\n${'x'.repeat(0x1000)}\r\n`
        const start = request(path, {
          method: 'POST',
          lines: [formType, 'Transfer-Encoding: chunked'],
        })
        const [status] = statusesOf(
          await say(victim, start, ...Array.from({ length: 500 }, () => chunk)),
        )
        if (status !== 413) reports.push(`${path}, chunks without end: ${status}`)
        await sayAndEnd(
          victim,
          request(path, { method: 'POST', lines: [formType, 'Content-Length: 4000'] }),
          'x',
        )
        await sayAndEnd(victim, `${start.toString()}zz\r\n`)
      }
      assert.deepEqual(reports, [])
    },
  )

  attackTest(
    'bodies that never end are given up, over both HTTP versions',
    async (victim) => {
      const request = requestsOf(victim)
      await many(20, async (index) => {
        const path = paths[index % paths.length] ?? '/'
        const socket = await connectTls(victim.rig, 'http/1.1')
        const answer = untilEnd(socket)
        await pour(socket, [
          request(path, { method: 'POST', lines: [formType, 'Content-Length: 999999'] }),
        ])
        await answer
      })
      await many(20, async (index) => {
        const socket = await connectTls(victim.rig, 'h2')
        const ended = untilEnd(socket)
        const head = fields([
          [':method', 'POST'],
          [':scheme', 'https'],
          [':authority', new URL(victim.rig.origin).host],
          [':path', forms[index % forms.length] ?? '/'],
          ['content-type', 'application/x-www-form-urlencoded'],
        ])
        await pour(socket, [preface, frame('headers', endHeaders, 1, head)])
        await pour(
          socket,
          Array.from({ length: 64 }, () => frame('data', 0, 1, Buffer.alloc(16_000))),
        )
        socket.end()
        await ended
      })
    },
    { timeout_read: '1s', timeout_idle: '1s' },
  )

  attackTest('a client that goes away in the middle of an answer costs nothing', async (victim) => {
    const { host } = new URL(victim.rig.origin)
    await many(100, async (index) => {
      const socket = await connectTls(victim.rig, 'http/1.1')
      const pipelined = Buffer.concat(
        paths.map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)),
      )
      socket.write(pipelined, () => (index % 2 === 0 ? socket.destroy() : socket.end()))
      // More than 8 that wait for their answers end the connection; by a reset is as good as any other way.
      socket.on('error', () => undefined)
      await new Promise((resolve) => socket.resume().once('close', resolve))
    })
  })
})

describe('the control socket under bad input', () => {
  attackTest('says no to what it cannot read, and goes on', async (victim) => {
    const path = join(victim.rig.home, '.state', 'postern', 'gateway', 'control.sock')
    const ask = async (bytes: Buffer): Promise<string> => {
      const socket = connect({ path, allowHalfOpen: true })
      socket.on('error', () => undefined)
      const answer = untilEnd(socket)
      await pour(socket, [bytes])
      socket.end()
      return answer
    }
    const values = [
      '',
      'null',
      '[]',
      '"x"',
      '{',
      '{}',
      '{"id": 1}',
      '{"id": null, "expires_at": "never"}',
      `{"id": "${'x'.repeat(64)}"}`,
      '{"id": "../../x"}',
      '{"id": "a", "expires_at": 1e999}',
      '{"id": "a", "expires_at": "the day after"}',
      '{"id": "a", "format": "password"}',
      '{"id": "a", "description": {"x": "y"}}',
      '{"__proto__": {"id": "a"}}',
      `{"id": "a", "description": "${'x'.repeat(100_000)}"}`,
    ]
    const reports: string[] = []
    for (const target of ['/service-accounts', '/service-accounts/a/rotate', '/sessions'])
      await inTurns(values, async (body) => {
        const statuses = statusesOf(
          await ask(requestTo(target, { method: 'POST', lines: [jsonType], body })),
        )
        if (statuses.length !== 1 || (statuses[0] ?? 500) >= 500 || (statuses[0] ?? 0) < 400)
          reports.push(`${target}, ${body.slice(0, 60)}: ${statuses.join(' ')}`)
      })
    for (const target of [
      '/sessions/%zz',
      '/sessions/..%2f..',
      '/service-accounts/%00',
      '/sessions?user=%ff',
    ])
      for (const method of ['GET', 'DELETE', 'PUT']) {
        const statuses = statusesOf(await ask(requestTo(target, { method })))
        if (statuses.length !== 1 || (statuses[0] ?? 500) >= 500)
          reports.push(`${method} ${target}: ${statuses.join(' ')}`)
      }
    assert.deepEqual(reports, [])
    const list = await victim.rig.postern(
      'service-account',
      'list',
      '-c',
      victim.rig.configPath,
      '--json',
    )
    assert.deepEqual([list.ending, list.output.includes('"id"')], [0, false], list.errors)
  })
})
