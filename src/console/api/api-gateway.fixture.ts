import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Hono } from 'hono'
import { localActor } from '../../control/change.ts'
import { testConfig, testRoute } from '../../gateway/gateway.fixture.ts'
import type { ApiParts, PageApp } from '../../gateway/parts.ts'
import { startGateway, type Gateway } from '../../gateway/start.ts'
import { parsePolicy } from '../../policy/language/parse.ts'
import type { Policy } from '../../policy/policy.ts'
import { createApi } from './app.ts'

/** A whole gateway with its API, asked without the network; each answer is held against its schema. */
export interface ApiGateway extends AsyncDisposable {
  readonly gateway: Gateway
  readonly parts: ApiParts
  /** As the service account of this name. */
  ask(request: AskedOf): Promise<Response>
  /** The token of each. */
  readonly tokens: Readonly<Record<Asker, string>>
  readonly errors: readonly string[]
}

/** By what each may: all of it, reading, the namespace `databases`, nothing. */
export type Asker = 'admin' | 'auditor' | 'owner' | 'stranger'

export interface AskedOf {
  readonly as: Asker
  readonly method: string
  readonly path: string
  readonly body?: string | undefined
  readonly type?: string | undefined
}

const client = { ip: '192.0.2.1', endpoints: undefined }

export async function startApiGateway(): Promise<ApiGateway> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'postern-api-'))
  const errors: string[] = []
  let parts: ApiParts | undefined
  const gateway = await startGateway(
    {
      ...testConfig([testRoute('tcp+https://db.example.com:5432', [1])]),
      stateDirectory: join(stateDirectory, 'state'),
      administrators: {
        admin: userIs('admin'),
        auditor: userIs('auditor'),
        namespaces: [{ name: 'databases', administrators: userIs('owner') }],
      },
    },
    {
      logSink: { write: (line) => void (line.includes('"level":"error"') && errors.push(line)) },
      pages(given) {
        parts = given
        const app: PageApp = new Hono()
        return { app, hasPortal: false }
      },
    },
  )
  if (parts === undefined) throw new Error('no pages were made')
  const tokens = Object.fromEntries(
    await Promise.all(
      (['admin', 'auditor', 'owner', 'stranger'] as const).map(async (id) => {
        const creation = { id, description: '', format: 'jwt', expires_at: null } as const
        const made = await gateway.operations.createServiceAccount(localActor, creation)
        return [id, made.credential]
      }),
    ),
  ) as Readonly<Record<Asker, string>>
  const app = createApi(parts, { checksAnswers: true })
  return {
    gateway,
    parts,
    tokens,
    errors,
    async ask({ as, method, path, body, type = 'application/json' }) {
      const request = new Request(`https://localhost/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${tokens[as]}`,
          ...(body === undefined ? {} : { 'content-type': type }),
        },
        ...(body === undefined ? {} : { body }),
      })
      return app.fetch(request, { requestId: 'r1', client })
    },
    async [Symbol.asyncDispose]() {
      await gateway.close(0)
      await rm(stateDirectory, { recursive: true, force: true })
    },
  }
}

function userIs(id: string): Policy {
  const parsed = parsePolicy([{ allow: { or: [{ user: { is: id } }] } }])
  if ('problems' in parsed) throw new Error('not a policy')
  return parsed.policy
}
