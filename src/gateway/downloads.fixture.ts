import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { createRelease, type Release } from '../downloads/release.fixture.ts'
import { collectLines, echo, startService, testCa, testCertificate } from './gateway.fixture.ts'
import { runGateway } from './run.ts'

export interface DownloadsRig {
  readonly port: number
  /** What the gateway calls itself in its scripts. */
  readonly origin: string
  /** A file with the authority of its certificate. */
  readonly caFile: string
  /** What `downloads` names. */
  readonly release: Release
  /** Writes the configuration again with these lines, and reads it. */
  configure(lines: string): Promise<void>
  line: ReturnType<typeof collectLines>['line']
  get(path: string, headers?: IncomingHttpHeaders, method?: string): Promise<Got>
}

export interface Got {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A gateway where nobody can sign in, with `downloads` and one public route. */
export async function startDownloadsRig(t: Pick<TestContext, 'after'>): Promise<DownloadsRig> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-gateway-downloads-'))
  const release = await createRelease(t)
  const service = await startService(echo)
  t.after(() => service[Symbol.asyncDispose]())
  const path = join(directory, 'postern.yaml')
  const caFile = join(directory, 'ca.pem')
  await writeFile(caFile, testCa)
  await writeFile(join(directory, 'cert.pem'), testCertificate.cert)
  await writeFile(join(directory, 'key.pem'), testCertificate.key, { mode: 0o600 })
  const write = (lines: string): Promise<void> => {
    const yaml = `address: 127.0.0.1:0
certificate_file: cert.pem
certificate_key_file: key.pem
state_directory: state
${lines}
routes:
  - from: tcp+https://db.example.com:5432
    to: tcp://127.0.0.1:${service.port}
    allow_public_unauthenticated_access: true
`
    return writeFile(path, yaml, { mode: 0o600 })
  }
  await write(`downloads: ${release.directory}`)
  const { sink, line } = collectLines()
  const gateway = await runGateway({ path, env: {}, logSink: sink })
  t.after(async () => {
    await gateway.close(0)
    await rm(directory, { recursive: true, force: true })
  })
  const { port } = gateway.address
  return {
    port,
    origin: `https://localhost:${port}`,
    caFile,
    release,
    line,
    async configure(lines) {
      await write(lines)
      await gateway.reload()
    },
    async get(asked, headers = {}, method = 'GET') {
      const options = { host: '127.0.0.1', port, servername: 'localhost', ca: testCa }
      const host = `localhost:${port}`
      const sent = request({ ...options, path: asked, method, headers: { host, ...headers } })
      sent.end()
      const [answer] = (await once(sent, 'response')) as [IncomingMessage]
      const body = await buffer(answer)
      return { status: answer.statusCode, headers: answer.headers, body: body.toString('latin1') }
    },
  }
}
