import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Role } from '../../access/administrators.ts'
import { denialOf } from '../../pages/refused/denial.fixture.ts'
import { createApiRig } from './api.fixture.ts'

const auditor: Role = { role: 'auditor' }

function rigOf(readDenial: (roles: Record<string, Role>) => void = () => undefined) {
  const roles: Record<string, Role> = { 'user-of-s-ada': auditor }
  return createApiRig({
    roles,
    parts: {
      denials: {
        remembered: () => undefined,
        async stored() {
          await Promise.resolve()
          readDenial(roles)
          return denialOf({ userId: 'user-of-s-bob' })
        },
      },
    },
  })
}

test('a refusal is for the person themselves and for who sees the route', async () => {
  const { ask } = rigOf()
  assert.equal((await ask('GET', '/refusals/a-1', { as: 'ada' })).status, 200)
  assert.equal((await ask('GET', '/refusals/a-1', { as: 'bob' })).status, 200)
})

test('a role that goes while a refusal is read shows it to nobody', async () => {
  const { ask } = rigOf((roles) => delete roles['user-of-s-ada'])
  assert.equal((await ask('GET', '/refusals/a-1', { as: 'ada' })).status, 404)
})
