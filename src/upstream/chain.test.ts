import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import * as tls from 'node:tls'
import { stringify } from 'yaml'
import { createCertificateAuthority } from '../net/certificate.ts'
import {
  collectLines,
  connectHead,
  connectTls,
  echo,
  exchangeHttp1,
  startService,
  testCa,
  testCertificate,
} from '../gateway/gateway.fixture.ts'
import { runGateway } from '../gateway/run.ts'

const target = 'db.example.com:5432'
const stranger = await createCertificateAuthority()

interface FileGateway {
  readonly port: number
  readonly lines: ReturnType<typeof collectLines>
  /** Writes these settings beside the fixed ones, and takes them over. */
  configure(settings: object): Promise<void>
}

/** A gateway that runs by its file. */
async function startFromFile(t: TestContext, settings: object): Promise<FileGateway> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-chain-'))
  const path = join(directory, 'postern.yaml')
  const files = {
    'tls.crt': testCertificate.cert,
    'tls.key': testCertificate.key,
    'ca.crt': testCa,
    'other-ca.crt': stranger.cert,
  }
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(directory, name), text, { mode: 0o600 })
  }
  await mkdir(join(directory, 'state'), { mode: 0o700 })
  const fixed = {
    address: '127.0.0.1:0',
    certificate_file: 'tls.crt',
    certificate_key_file: 'tls.key',
    state_directory: 'state',
  }
  const write = (more: object): Promise<void> =>
    writeFile(path, stringify({ ...fixed, ...more }), { mode: 0o600 })
  await write(settings)
  const lines = collectLines()
  const gateway = await runGateway({ path, env: {}, logSink: lines.sink })
  t.after(async () => {
    await gateway.close(0)
    await rm(directory, { recursive: true, force: true })
  })
  return {
    port: gateway.address.port,
    lines,
    async configure(next) {
      await write(next)
      await gateway.reload()
    },
  }
}

function routeTo(to: string, more: object = {}): object {
  return { from: `tcp+https://${target}`, to, allow_public_unauthenticated_access: true, ...more }
}

test('a tunnel through two gateways is whole both ways; the second decides by source_ip', async (t) => {
  const [up, down] = [randomBytes(200_003), randomBytes(300_007)]
  await using service = await startService((socket) => {
    socket.once('end', () => socket.end(down)).resume()
    socket.on('data', (chunk: Buffer) => received.push(chunk))
  })
  const received: Buffer[] = []
  const to = `tcp://127.0.0.1:${service.port}`
  const from = `tcp+https://${target}`
  const policy = (address: string): object => ({
    routes: [{ from, to, policy: [{ allow: { and: [{ source_ip: address }] } }] }],
  })
  const second = await startFromFile(t, policy('127.0.0.0/8'))
  const through = { tls_custom_ca_file: 'ca.crt', tls_server_name: 'localhost' }
  const next = `https://127.0.0.1:${second.port}`
  const first = await startFromFile(t, { routes: [routeTo(next, through)] })

  const socket = await connectTls(first.port)
  socket.write(connectHead(target))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  assert.match(answer.toString(), /^HTTP\/1\.1 200 [^]*\r\n\r\n$/)
  const back: Buffer[] = []
  socket.on('data', (chunk: Buffer) => back.push(chunk)).end(up)
  await once(socket, 'end')
  assert.ok(Buffer.concat(received).equals(up))
  assert.ok(Buffer.concat(back).equals(down))

  await second.configure(policy('192.0.2.0/24'))
  assert.match(await exchangeHttp1(first.port, connectHead(target)), /^HTTP\/1\.1 503 /)
  await first.lines.line(({ error }) => /answered 403/.test(String(error)))
})

test('an authority that did not sign the next gateway is 503, and the log says why', async (t) => {
  const second = await startFromFile(t, { routes: [routeTo('tcp://127.0.0.1:1')] })
  const next = `https://localhost:${second.port}`
  const wrong = routeTo(next, { tls_custom_ca_file: 'other-ca.crt' })
  const first = await startFromFile(t, { routes: [wrong] })
  const answer = await exchangeHttp1(first.port, connectHead(target))
  assert.match(answer, /^HTTP\/1\.1 503 /)
  assert.doesNotMatch(answer, /localhost|certificate/)
  const line = await first.lines.line((entry) => entry['service'] === 'access')
  assert.match(String(line['error']), /next gateway "localhost:\d+": .*certificate/)
})

test('who may send a PROXY header can be changed while the gateway runs', async (t) => {
  await using service = await startService(echo)
  const routes = [routeTo(`tcp://127.0.0.1:${service.port}`)]
  const gateway = await startFromFile(t, { routes })
  const statusWith = async (header: string): Promise<string> => {
    const raw = connect({ port: gateway.port, host: '127.0.0.1' })
    if (header !== '') raw.write(header)
    const socket = tls.connect({ socket: raw, servername: 'localhost', ca: testCa })
    const status = await new Promise<string>((resolve) => {
      socket.once('data', (chunk: Buffer) => resolve(chunk.toString().split(' ')[1] ?? ''))
      socket.on('error', () => resolve('closed')).on('close', () => resolve('closed'))
      socket.write(connectHead(target))
    })
    socket.destroy()
    raw.destroy()
    return status
  }
  const header = 'PROXY TCP4 203.0.113.9 192.0.2.1 51000 443\r\n'
  const answers = async (): Promise<string[]> => [await statusWith(''), await statusWith(header)]
  assert.deepEqual(await answers(), ['200', 'closed'])
  const here = { proxy_protocol_from: ['127.0.0.1'] }
  await gateway.configure({ routes, use_proxy_protocol: 'optional', ...here })
  assert.deepEqual(await answers(), ['200', '200'])
  await gateway.configure({ routes, use_proxy_protocol: true, ...here })
  assert.deepEqual(await answers(), ['closed', '200'])
  const elsewhere = { proxy_protocol_from: ['192.0.2.0/24'] }
  await gateway.configure({ routes, use_proxy_protocol: 'optional', ...elsewhere })
  assert.deepEqual(await answers(), ['200', 'closed'])
  const { lines } = gateway.lines
  assert.ok(!lines.some(({ message }) => message === 'some changes need a restart'))
})
