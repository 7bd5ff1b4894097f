import assert from 'node:assert/strict'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { startChild } from './child.ts'
import { exchange, openConnection, untilEnded } from './person.ts'
import { alice, posternCommand, route, startRig, type GatewayRig } from './rig.ts'
import { inScope, type Scope } from './scope.ts'
import { echo, startService } from './services.ts'

// A real Keycloak is 300 MB and a minute to start, so it is asked for by its directory, which Maven unpacks:
// org.keycloak:keycloak-quarkus-dist:26.5.6:zip. It needs Java 17 or later.
const keycloak = process.env['POSTERN_KEYCLOAK']
const skip = keycloak === undefined && 'missing: Keycloak; name its directory in POSTERN_KEYCLOAK'

const target = 'echo.example.com:7'
/** Ten times what is promised: the machine may be busy. */
const maxCutMs = 10_000
/** It makes a database and compiles itself. */
const maxTestMs = 600_000
const secret = 'the secret of the client'

describe('Keycloak', { skip }, () => {
  test('whom it signs out loses their tunnels', { timeout: maxTestMs }, (t) =>
    inScope(
      async (scope) => {
        const service = await startService(scope, echo)
        const port = await freePort()
        const base = `http://127.0.0.1:${port}`
        const rig = await startRig(scope, [route(target, service)], {
          idp_provider: 'keycloak',
          idp_provider_url: `${base}/realms/r`,
          idp_client_id: 'postern',
          idp_client_secret: secret,
          idp_scopes: undefined,
        })
        await startKeycloak(scope, keycloak ?? '', port, rig.caFile)
        const realm = await makeRealm(base, rig.origin)
        for (const signOut of [realm.signOut, realm.endSession]) {
          const socket = await tunnelOf(scope, rig)
          const startedMs = performance.now()
          await signOut()
          await untilEnded(socket)
          assert.ok(performance.now() - startedMs < maxCutMs)
        }
        const cut = await rig.lines.first((line) => line['ended'] === 'provider-logout')
        assert.equal(cut['email'], alice)
      },
      (text) => t.diagnostic(text),
    ),
  )
})

async function startKeycloak(
  scope: Scope,
  directory: string,
  port: number,
  caFile: string,
): Promise<void> {
  const options = [
    `--http-host=127.0.0.1`,
    `--http-port=${port}`,
    '--cache=local',
    `--truststore-paths=${caFile}`,
    '--db=dev-mem',
  ]
  const child = startChild(scope, join(directory, 'bin', 'kc.sh'), ['start-dev', ...options], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: scope.directory,
      KC_BOOTSTRAP_ADMIN_USERNAME: 'admin',
      KC_BOOTSTRAP_ADMIN_PASSWORD: 'admin',
    },
  })
  scope.witness('Keycloak', () => child.output())
  await child.says(/Listening on:/)
}

/** A realm with the gateway as its client and one person, and what an administrator does to them. */
async function makeRealm(base: string, origin: string) {
  const token = async (): Promise<string> => {
    const answer = await fetch(`${base}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: 'admin-cli',
        grant_type: 'password',
        username: 'admin',
        password: 'admin',
      }),
    })
    return ((await answer.json()) as { access_token: string }).access_token
  }
  const ask = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const answer = await fetch(`${base}/admin/realms${path}`, {
      method,
      headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`)
    return answer
  }
  await ask('POST', '', { realm: 'r', enabled: true })
  await ask('POST', '/r/clients', {
    clientId: 'postern',
    secret,
    redirectUris: [`${origin}/oauth2/callback`],
    attributes: {
      'backchannel.logout.url': `${origin}/oauth2/backchannel-logout`,
      'backchannel.logout.session.required': 'true',
    },
  })
  await ask('POST', '/r/users', {
    username: 'alice',
    email: alice,
    emailVerified: true,
    firstName: 'Alice',
    lastName: 'Adams',
    enabled: true,
    credentials: [{ type: 'password', value: 'secret', temporary: false }],
  })
  const first = async (path: string): Promise<string> => {
    const [found] = (await (await ask('GET', path)).json()) as readonly { readonly id: string }[]
    return found?.id ?? assert.fail(`nothing at ${path}`)
  }
  const user = await first('/r/users?username=alice')
  return {
    signOut: () => ask('POST', `/r/users/${user}/logout`),
    endSession: async () =>
      ask('DELETE', `/r/sessions/${await first(`/r/users/${user}/sessions`)}`),
  }
}

/** A tunnel of somebody whose browser fills Keycloak's form. */
async function tunnelOf(scope: Scope, rig: GatewayRig) {
  const browser = join(scope.directory, 'browser')
  const script = join(import.meta.dirname, '..', '..', 'src', 'dev-idp', 'browser.ts')
  const words = [process.execPath, script, '--person', alice, '--password', 'secret']
  const line = [...words, '--ca-file', rig.caFile].map((word) => `'${word}'`).join(' ')
  await writeFile(browser, `#!/bin/sh\nexec ${line} "$1"\n`)
  await chmod(browser, 0o755)
  const options = ['--gateway', rig.origin, '--ca-file', rig.caFile, '--browser-cmd', browser]
  const child = startChild(scope, ...posternCommand('tcp', ...options, target), {
    env: { HOME: scope.directory, PATH: '/usr/bin:/bin' },
  })
  const [, port] = await child.says(/listening on 127\.0\.0\.1:(\d+)/)
  const socket = await openConnection(scope, Number(port))
  assert.equal(await exchange(socket, 'hello'), 'hello')
  return socket
}
