import assert from 'node:assert/strict'

import { loadConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/errors.ts'
import type { Files } from '../../src/files.ts'
import { attemptLater } from '../own-errors.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: "a gateway's configuration file",
  covers: [
    'config/load.ts',
    'config/source/settings.ts',
    'config/readers/routes.ts',
    'config/readers/policies.ts',
    'config/readers/providers.ts',
    'config/readers/sites.ts',
    'config/readers/audit-forward.ts',
    'config/readers/administrators.ts',
    'config/readers/certificates.ts',
    'config/readers/secrets.ts',
    'config/readers/sign-in.ts',
    'config/readers/downstream-mtls.ts',
    'config/readers/autocert.ts',
    'routes/parse-route.ts',
    'routes/parse-application.ts',
    'routes/table.ts',
    'routes/overlap.ts',
    'read-keys.ts',
    'schema.ts',
    'spelling.ts',
  ],
  maxBytes: 2_048,
  tokens: [
    'routes:\n  - from: tcp+https://a.example.com:22\n    to: tcp://10.0.0.1:22\n    allow_any_authenticated_user: true\n',
    'authenticate_service_url: https://gate.example.com\n',
    'idp_provider: google\nidp_client_id: a\nidp_client_secret: b\n',
    'shared_secret: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n',
    'policies:\n  - id: p\n    policy: []\n',
    'access:\n  - hostname: a.example.com\n',
    'sites:\n  - zone: example.com\n',
    'administrators: [a@b.example]\n',
    'audit_forward:\n  - webhook: {url: https://a}\n',
    'certificate: AAAA\n',
    'certificate_file: /etc/x\n',
    'address: ":443"\n',
    'identity_providers:\n  - id: a\n',
    'proxy_protocol: strict\n',
    '&a ',
    '*a',
    '<<: *a',
    '{}',
    '[]',
    'null',
  ],
  async run(input) {
    const text = input.toString('utf8')
    const { value, code } = await attemptLater(() => load(text), ConfigError)
    if (value === undefined) {
      // Every fault has a place of its own in the text, and a line of it.
      const lines = text.split('\n').length
      for (const { line = 1, message } of await problemsOf(text)) {
        assert.ok(line >= 1 && line <= lines + 1, `line ${line} of ${lines}`)
        assert.ok(message.length > 0)
      }
      return code ?? ''
    }
    const again = await load(text)
    assert.equal(again.config.routes.length, value.config.routes.length)
    return `${value.config.routes.length > 0 ? 'routes' : 'none'} ${value.warnings.length > 0 ? 'warnings' : ''}`
  },
}

function load(text: string): ReturnType<typeof loadConfig> {
  return loadConfig({
    path: 'config.yaml',
    env: {},
    nowMs: 1_800_000_000_000,
    files: filesWith(text),
  })
}

async function problemsOf(text: string): Promise<ConfigError['problems']> {
  try {
    await load(text)
    return []
  } catch (error) {
    return (error as ConfigError).problems
  }
}

/** The one file, and no other. */
function filesWith(text: string): Files {
  return {
    seen: new Map(),
    read: (path) =>
      Promise.resolve(
        path.endsWith('config.yaml')
          ? { ok: true, text, readableBy: 'owner' }
          : { ok: false, message: 'cannot be read' },
      ),
  }
}
