import assert from 'node:assert/strict'

import { parseFilter, parsePath } from '../../src/scim/filter.ts'
import { ScimFault } from '../../src/scim/fault.ts'
import { readGroup } from '../../src/scim/group.ts'
import { applyPatch } from '../../src/scim/patch.ts'
import { readUser } from '../../src/scim/user.ts'
import { attempt } from '../own-errors.ts'
import type { Target } from '../target.ts'

const ada = {
  userName: 'ada',
  active: true,
  emails: [{ value: 'ada@example.com', type: 'work', primary: true }],
}

export const target: Target = {
  reads: 'filters, people, groups and changes of a directory, by SCIM',
  covers: [
    'scim/filter.ts',
    'scim/patch.ts',
    'scim/user.ts',
    'scim/group.ts',
    'scim/plain.ts',
    'scim/match.ts',
  ],
  tokens: [
    'userName eq "ada"',
    'emails[type eq "work"].value',
    ' and ',
    'members[value eq "g"]',
    'urn:ietf:params:scim:schemas:core:2.0:User:userName',
    '{"Operations":[{"op":"replace","path":"active","value":false}]}',
    '{"op":"add","path":"emails","value":[{"value":"a"}]}',
    '{"op":"remove","path":"members[value eq \\"a\\"]"}',
    '"name.givenName":"x"',
    'null',
    '"__proto__"',
    '[]',
    '{}',
    '\\"',
  ],
  run(input) {
    const text = input.toString('utf8')
    const filter = attempt(() => parseFilter(text), ScimFault)
    assert.ok((filter.value?.length ?? 1) > 0 && (filter.value?.length ?? 1) <= 10)
    const path = attempt(() => parsePath(text), ScimFault)
    assert.ok(path.code === undefined || path.code === 'scim-invalidPath', path.code ?? '')
    const json = attempt((): unknown => JSON.parse(text), SyntaxError)
    if (json.code !== undefined) return `${filter.code ?? 'filter'} ${path.code ?? 'path'}`
    const user = attempt(() => readUser(json.value), ScimFault)
    if (user.value !== undefined) {
      assert.deepEqual(readUser(JSON.parse(JSON.stringify(user.value))), user.value)
      assert.ok(user.value.emails.length <= 20)
    }
    const group = attempt(() => readGroup(json.value), ScimFault)
    if (group.value !== undefined)
      assert.deepEqual(readGroup(JSON.parse(JSON.stringify(group.value))), group.value)
    const before = structuredClone(ada)
    const patched = attempt(() => readUser(applyPatch(ada, json.value)), ScimFault)
    assert.deepEqual(ada, before, 'changes what it was given')
    return `${user.code ?? 'user'} ${group.code ?? 'group'} ${patched.code ?? 'patched'}`
  },
}
