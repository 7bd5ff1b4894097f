import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { programEnvironment } from '../../src/program.fixture.ts'
import { audit, readAudit, type Audit } from './audit.ts'
import { advisory, startRegistry, type Advisories } from './registry.fixture.ts'

const root = join(import.meta.dirname, '..', '..')

/** What our npm makes of a registry that answers so. */
async function auditAt(advisories: Advisories): Promise<Audit> {
  await using registry = await startRegistry(advisories)
  return await audit(root, programEnvironment(registry.env))
}

describe('npm audit', () => {
  test('is passed where the registry knows something of a package of long ago, and nothing of ours', async () => {
    const asked: string[] = []
    const answer = await auditAt((packages) => {
      asked.push(...Object.keys(packages))
      return 'lodash' in packages ? { lodash: [advisory] } : {}
    })
    assert.deepEqual(answer, { isChecked: true, faults: [] })
    // Whatever is developed with, and whatever goes into the build.
    for (const name of ['oxlint', 'ws', 'jose']) assert.ok(asked.includes(name), name)
  })

  test('names what the registry knows about a package of ours', async () => {
    const answer = await auditAt(() => ({ ws: [advisory] }))
    assert.ok(answer.isChecked)
    assert.match(answer.faults.join(), /ws .*: high: it does what it should not https:/)
  })

  test('is not passed by silence', async () => {
    const refused = await auditAt(() => 405)
    assert.deepEqual(refused, {
      isChecked: false,
      why: 'the registry gives no advisories: 405 Method Not Allowed',
    })
    const unaware = await auditAt(() => ({}))
    assert.deepEqual(unaware, {
      isChecked: false,
      why: 'the registry knows nothing against lodash 4.17.4 either',
    })
    const gone = await audit(
      root,
      programEnvironment({ npm_config_registry: 'http://127.0.0.1:1/' }),
    )
    assert.ok(!gone.isChecked)
    assert.match(gone.why, /^the registry gives no advisories: .*ECONNREFUSED/)
    assert.deepEqual(readAudit(''), { isChecked: false, why: 'npm has printed no report' })
    assert.ok(!readAudit('{}').isChecked)
  })

  test('repeats no address of a registry', () => {
    const message = '401 Unauthorized - POST https://packages.example.com/-/npm/v1/security'
    const answer = readAudit(JSON.stringify({ message }))
    assert.ok(!answer.isChecked)
    assert.equal(answer.why, 'the registry gives no advisories: 401 Unauthorized')
  })
})
