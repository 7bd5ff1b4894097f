import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:http2'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { sha256Of } from '../downloads/release.fixture.ts'
import { startDownloadsRig, type DownloadsRig } from './downloads.fixture.ts'
import { connectHead, connectTls, testCa } from './gateway.fixture.ts'

const name = 'postern-0.1.0-linux-x64.tar.gz'
const path = `/.postern/downloads/${name}`
const content = 'an executable'
const manyBytes = 8 * 1024 * 1024

test('an executable is handed out to whoever asks, over HTTP/1.1 and HTTP/2', async (t) => {
  const rig = await startRig(t)
  const { status, headers, body } = await rig.get(path)
  assert.deepEqual([status, body, headers['content-length']], [200, content, '13'])
  assert.equal(headers.etag, `"${sha256Of(content)}"`)
  assert.equal(headers['content-disposition'], `attachment; filename="${name}"`)
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.deepEqual(await getHttp2(rig, path), [200, content])
  const sums = await rig.get('/.postern/downloads/SHA256SUMS')
  assert.equal(sums.body, `${sha256Of(content)}  ${name}\n`)
})

test('a download that broke off goes on, and one that is there already is not sent again', async (t) => {
  const rig = await startRig(t)
  const part = await rig.get(path, { range: 'bytes=3-' })
  assert.deepEqual([part.status, part.body], [206, content.slice(3)])
  assert.equal(part.headers['content-range'], `bytes 3-12/13`)
  const other = await rig.get(path, { range: 'bytes=3-', 'if-range': '"another"' })
  assert.deepEqual([other.status, other.body], [200, content])
  assert.equal((await rig.get(path, { range: 'bytes=13-' })).status, 416)
  const { etag } = part.headers
  assert.equal((await rig.get(path, { 'if-none-match': etag })).status, 304)
  // As many as there are places: each of them is given back.
  for (let count = 0; count < 25; count += 1) {
    const head = await rig.get(path, {}, 'HEAD')
    assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '13', ''])
  }
})

test('no path leads anywhere but to the names that were checked', async (t) => {
  const rig = await startRig(t)
  await writeFile(rig.release.path('unlisted'), 'nobody vouches for it')
  const asked = [
    'unlisted',
    '',
    '.',
    '..',
    '../../etc/passwd',
    `..%2f..%2f${name}`,
    '%2e%2e/%2e%2e/etc/passwd',
    '..\\..\\etc\\passwd',
    '..%5c..%5cpostern.yaml',
    '/etc/passwd',
    `./${name}%00`,
    `${name}/`,
    `${name}%2f..`,
    'toString',
    '__proto__',
  ]
  for (const each of asked) {
    const { status, body } = await rig.get(`/.postern/downloads/${each}`)
    assert.ok(status === 404 || status === 400, `${each}: ${status}`)
    assert.doesNotMatch(body, /root:|vouches|an executable/)
  }
})

test('readers that take nothing hold little, and keep nobody from a tunnel', async (t) => {
  const rig = await startRig(t, Buffer.alloc(manyBytes))
  const slow: TLSSocket[] = []
  t.after(() => slow.forEach((socket) => socket.destroy()))
  const heads: string[] = []
  for (let count = 0; count < 20; count += 1) {
    const { socket, head } = await beginDownload(rig)
    slow.push(socket)
    heads.push(head)
  }
  assert.ok(heads.every((head) => head.startsWith('HTTP/1.1 200')))
  const refused = await rig.get(path)
  assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '10'])
  assert.match(refused.body, /try again/i)
  const tunnel = await connectTls(rig.port)
  tunnel.write(connectHead('db.example.com:5432'))
  assert.match(String((await once(tunnel, 'data'))[0]), /^HTTP\/1\.1 200/)
  tunnel.destroy()
  slow.pop()?.destroy()
  // The gateway learns of it in its own time.
  while ((await rig.get(path, { range: 'bytes=0-0' })).status !== 206);
})

test('what the directory lacks is in the log, and a reload shows what it has now', async (t) => {
  const rig = await startRig(t)
  await writeFile(rig.release.path(name), 'something else')
  await rig.configure(`downloads: ${rig.release.directory}`)
  const said = await rig.line(({ message, file }) => {
    return message === 'a download is not handed out' && file === name
  })
  assert.deepEqual([said['file'], said['why']], [name, 'its checksum is another one'])
  assert.equal((await rig.get(path)).status, 404)
  await rig.configure('')
  const without = await rig.get('/.postern/install.sh')
  assert.deepEqual([without.status, /ask whoever runs it/.test(without.body)], [404, true])
  await rig.configure('downloads: https://intranet.example.com/postern')
  assert.match((await rig.get(path)).body, /https:\/\/intranet\.example\.com\/postern/)
  assert.equal((await rig.get('/.postern/install.sh')).status, 404)
})

test('a script names the gateway as it was asked for, and no command that a header brings', async (t) => {
  const rig = await startRig(t)
  const { status, body, headers } = await rig.get('/.postern/install.sh')
  assert.equal(status, 200)
  assert.match(headers['content-type'] ?? '', /^text\/plain/)
  assert.ok(body.includes(`\ngateway=${rig.origin}\n`))
  for (const host of ["a'b.example.com", 'a`id`.example.com', 'a$(id).example.com', 'a;id', 'a"b'])
    assert.notEqual((await rig.get('/.postern/install.sh', { host })).status, 200, host)
})

/** A rig with one executable. */
async function startRig(t: TestContext, held: string | Buffer = content): Promise<DownloadsRig> {
  const rig = await startDownloadsRig(t)
  await rig.release.write({ [name]: held })
  await rig.configure(`downloads: ${rig.release.directory}`)
  return rig
}

/** Asks for the file and reads no more than the head of the answer. */
async function beginDownload({ port }: DownloadsRig) {
  const socket = await connectTls(port)
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`)
  const [first] = (await once(socket, 'data')) as [Buffer]
  socket.pause()
  return { socket, head: first.toString('latin1', 0, 20) }
}

async function getHttp2({ port }: DownloadsRig, asked: string): Promise<[unknown, string]> {
  const session = connect(`https://localhost:${port}`, { ca: testCa })
  const stream = session.request({ ':path': asked })
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  const body = await buffer(stream)
  session.close()
  return [headers[':status'], body.toString()]
}
