import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toAccessPolicies } from './to-access-policies.ts'

const cases = {
  alternatives: {
    given: {
      allow: {
        or: [
          { email: 'ann@corp.example' },
          { email: { in: ['a@corp.example', 'b@corp.example'] } },
          { domain: { is: 'corp.example' } },
          { groups: 'dba' },
          { groups: { has: 'ops' } },
        ],
      },
    },
    wanted: {
      document: [
        {
          action: 'allow',
          include: [
            { email: 'ann@corp.example' },
            { email: 'a@corp.example' },
            { email: 'b@corp.example' },
            { email_domain: 'corp.example' },
            { group: 'dba' },
            { group: 'ops' },
          ],
        },
      ],
    },
  },
  'all of': {
    given: [
      {
        allow: {
          and: [
            { groups: { has: 'dba' } },
            { domain: { in: ['corp.example', 'other.example'] } },
            { email: { not: 'bob@corp.example' } },
            { groups: { exclude: 'left' } },
          ],
        },
      },
    ],
    wanted: {
      document: [
        {
          action: 'allow',
          include: [{ email_domain: 'corp.example' }, { email_domain: 'other.example' }],
          require: [{ group: 'dba' }],
          exclude: [{ email: 'bob@corp.example' }, { group: 'left' }],
        },
      ],
    },
  },
  'two lists': {
    given: {
      allow: {
        and: [
          { email: { in: ['a@corp.example', 'b@corp.example', 'c@corp.example'] } },
          { groups: { has: 'dba' } },
          { domain: { in: ['corp.example', 'other.example'] } },
        ],
      },
    },
    wanted: {
      document: [
        {
          action: 'allow',
          include: [
            { email: 'a@corp.example' },
            { email: 'b@corp.example' },
            { email: 'c@corp.example' },
          ],
          require: [{ email_domain: 'corp.example' }, { group: 'dba' }],
        },
        {
          action: 'allow',
          include: [
            { email: 'a@corp.example' },
            { email: 'b@corp.example' },
            { email: 'c@corp.example' },
          ],
          require: [{ email_domain: 'other.example' }, { group: 'dba' }],
        },
      ],
    },
  },
  'none of': {
    given: {
      allow: {
        not: [{ email: { is: 'bob@corp.example' } }, { domain: { not_in: ['corp.example'] } }],
      },
    },
    wanted: {
      document: [
        {
          action: 'allow',
          include: [{ email_domain: 'corp.example' }],
          exclude: [{ email: 'bob@corp.example' }],
        },
      ],
    },
  },
  'not all of': {
    given: { allow: { nor: [{ groups: { exclude: 'dba' } }, { groups: { exclude: 'ops' } }] } },
    wanted: { document: [{ action: 'allow', include: [{ group: 'dba' }, { group: 'ops' }] }] },
  },
  everybody: {
    given: { allow: { or: [{ accept: true }] } },
    wanted: { document: [{ action: 'bypass', include: [{ everyone: true }] }] },
  },
  nobody: {
    given: { allow: { or: [{ reject: true }] } },
    wanted: { document: [] },
  },
  'everybody from a network': {
    given: { allow: { and: [{ accept: true }, { source_ip: ['192.0.2.0/24', '198.51.100.7'] }] } },
    wanted: {
      document: [{ action: 'bypass', include: [{ ip: '192.0.2.0/24' }, { ip: '198.51.100.7' }] }],
    },
  },
  'whoever is signed in': {
    given: { allow: { or: [{ authenticated_user: true }] } },
    wanted: {
      document: [
        { action: 'service_auth', include: [{ any_valid_service_token: true }] },
        { action: 'allow', include: [{ everyone: true }] },
      ],
    },
  },
  'whoever is signed in and in a group': {
    given: { allow: { and: [{ authenticated_user: true }, { groups: 'dba' }] } },
    wanted: { document: [{ action: 'allow', include: [{ group: 'dba' }] }] },
  },
  'signed in from a network': {
    given: { allow: { and: [{ authenticated_user: true }, { source_ip: '192.0.2.0/24' }] } },
    wanted: {
      document: [
        {
          action: 'service_auth',
          include: [{ any_valid_service_token: true }],
          require: [{ ip: '192.0.2.0/24' }],
        },
        { action: 'allow', include: [{ ip: '192.0.2.0/24' }] },
      ],
    },
  },
  'keeps somebody out': {
    given: [
      { allow: { or: [{ groups: 'dba' }] } },
      { deny: { or: [{ email: { is: 'bob@corp.example' } }, { groups: 'left' }] } },
    ],
    wanted: {
      document: [
        { action: 'block', include: [{ email: 'bob@corp.example' }, { group: 'left' }] },
        { action: 'allow', include: [{ group: 'dba' }] },
      ],
    },
  },
  'keeps out, two at once': {
    given: [
      { allow: { or: [{ groups: 'dba' }] } },
      { deny: { and: [{ email: { is: 'bob@corp.example' } }, { groups: 'left' }] } },
    ],
    wanted: {
      document: [
        { action: 'block', include: [{ email: 'bob@corp.example' }], require: [{ group: 'left' }] },
        { action: 'allow', include: [{ group: 'dba' }] },
      ],
    },
  },
  'keeps out beside everybody': {
    given: [
      { allow: { or: [{ accept: true }] } },
      { deny: { or: [{ email: { is: 'bob@corp.example' } }] } },
    ],
    wanted: {
      problems: [
        {
          path: ['policy', 1, 'deny', 'or'],
          message:
            'keeps out those too whom a policy with action "bypass" would let in, which is asked before every "block"',
        },
      ],
    },
  },
  'keeps out a network beside accounts': {
    given: [
      { allow: { or: [{ authenticated_user: true }] } },
      { deny: { or: [{ source_ip: '192.0.2.0/24' }] } },
    ],
    wanted: {
      problems: [
        {
          path: ['policy', 1, 'deny', 'or'],
          message:
            'keeps out those too whom a policy with action "service_auth" would let in, which is asked before every "block"',
        },
      ],
    },
  },
  'keeps out a network': {
    given: [
      { allow: { or: [{ groups: 'dba' }] } },
      { deny: { or: [{ source_ip: '192.0.2.0/24' }] } },
    ],
    wanted: {
      problems: [
        {
          path: ['policy', 1, 'deny', 'or'],
          message:
            'keeps out service accounts too, and a policy with action "block" is about people only',
        },
      ],
    },
  },
  'keeps out in a network': {
    given: [
      { allow: { or: [{ groups: 'dba' }] } },
      { deny: { and: [{ groups: 'left' }, { source_ip: '192.0.2.0/24' }] } },
    ],
    wanted: {
      problems: [
        {
          path: ['policy', 1, 'deny', 'and'],
          message:
            'asks whoever is not signed in to sign in, wherever they come from; a policy with action "block" asks only those who come from its networks',
        },
      ],
    },
  },
  'keeps out whom it does not name': {
    given: [
      { allow: { or: [{ groups: 'dba' }] } },
      { deny: { nor: [{ domain: { is: 'corp.example' } }] } },
    ],
    wanted: {
      problems: [
        {
          path: ['policy', 1, 'deny', 'nor'],
          message:
            'keeps out service accounts too, and a policy with action "block" is about people only',
        },
      ],
    },
  },
  'keeps out strangers': {
    given: [
      { allow: { or: [{ groups: 'dba' }] } },
      { deny: { not: [{ authenticated_user: true }] } },
    ],
    wanted: {
      problems: [
        {
          path: ['policy', 1, 'deny', 'not'],
          message:
            'keeps out nobody but who is not signed in, which no policy of this view does by itself',
        },
      ],
    },
  },
  'keeps out nobody': {
    given: [{ allow: { or: [{ groups: 'dba' }] } }, { deny: { or: [{ reject: true }] } }],
    wanted: { document: [{ action: 'allow', include: [{ group: 'dba' }] }] },
  },
  'asks strangers beside everybody': {
    given: [{ allow: { or: [{ accept: true }] } }, { allow: { not: [{ groups: 'left' }] } }],
    wanted: {
      problems: [
        {
          path: ['policy', 1, 'allow', 'not'],
          message:
            'sends whoever is not signed in to the sign-in, whom a policy with action "bypass" would let in',
        },
      ],
    },
  },
  'asks strangers': {
    given: [{ allow: { not: [{ groups: 'left' }] } }],
    wanted: {
      document: [{ action: 'allow', include: [{ everyone: true }], exclude: [{ group: 'left' }] }],
    },
  },
  'no such criterion': {
    given: { allow: { or: [{ 'claim/level': 7 }, { user: 'u-1' }] } },
    wanted: {
      problems: [
        {
          path: ['policy', 'allow', 'or', 0, 'claim/level'],
          message: 'criterion "claim/level" has no equal in this view',
        },
        {
          path: ['policy', 'allow', 'or', 1, 'user'],
          message: 'criterion "user" has no equal in this view',
        },
      ],
    },
  },
  'no such matcher': {
    given: {
      allow: {
        or: [
          { email: { contains: 'corp' } },
          { domain: { starts_with: 'corp' } },
          { groups: { is: 'dba' } },
        ],
      },
    },
    wanted: {
      problems: [
        {
          path: ['policy', 'allow', 'or', 0, 'email'],
          message: 'criterion "email" has no equal in this view with such a matcher',
          hint: 'it has "is", "not", "in", "not_in" for addresses and domains, "has" and "exclude" for groups',
        },
        {
          path: ['policy', 'allow', 'or', 1, 'domain'],
          message: 'criterion "domain" has no equal in this view with such a matcher',
          hint: 'it has "is", "not", "in", "not_in" for addresses and domains, "has" and "exclude" for groups',
        },
        {
          path: ['policy', 'allow', 'or', 2, 'groups'],
          message: 'criterion "groups" has no equal in this view with such a matcher',
          hint: 'it has "is", "not", "in", "not_in" for addresses and domains, "has" and "exclude" for groups',
        },
      ],
    },
  },
  'two matchers': {
    given: { allow: { or: [{ email: { is: 'a@corp.example', not: 'b@corp.example' } }] } },
    wanted: {
      problems: [
        {
          path: ['policy', 'allow', 'or', 0, 'email'],
          message: 'criterion "email" has no equal in this view with such a matcher',
          hint: 'it has "is", "not", "in", "not_in" for addresses and domains, "has" and "exclude" for groups',
        },
      ],
    },
  },
  'an odd domain': {
    given: { allow: { or: [{ domain: 'corp_example..' }, { domain: 'Corp.Example' }] } },
    wanted: {
      problems: [
        {
          path: ['policy', 'allow', 'or', 0, 'domain'],
          message: 'names "corp_example..", which this view does not take for a domain',
        },
      ],
    },
  },
  'an odd address': {
    given: {
      allow: { or: [{ email: 'ann' }, { email: { in: ['a@corp.example', 'b b@corp.example'] } }] },
    },
    wanted: {
      problems: [
        {
          path: ['policy', 'allow', 'or', 0, 'email'],
          message: 'names "ann", which this view does not take for an email address',
        },
        {
          path: ['policy', 'allow', 'or', 1, 'email'],
          message: 'names "b b@corp.example", which this view does not take for an email address',
        },
      ],
    },
  },
  nothing: {
    given: [],
    wanted: { document: [] },
  },
  'no rule': {
    given: 'x',
    wanted: { document: [] },
  },
  'an empty list': {
    given: { allow: { or: [] } },
    wanted: { document: [] },
  },
} as const

for (const [name, { given, wanted }] of Object.entries(cases))
  test(`in Cloudflare's words: ${name}`, () => assert.deepEqual(toAccessPolicies(given), wanted))

const domains = (count: number) => Array.from({ length: count }, (_, index) => `d${index}.example`)
const addresses = domains(60).map((domain) => `ann@${domain}`)

test('each combination of values but those of the longest list is a policy, fifty at most', () => {
  const rule = (count: number) => ({
    allow: { and: [{ email: { in: addresses } }, { domain: { in: domains(count) } }] },
  })
  assert.deepEqual(toAccessPolicies(rule(50)), {
    document: domains(50).map((domain) => ({
      action: 'allow',
      include: addresses.map((email) => ({ email })),
      require: [{ email_domain: domain }],
    })),
  })
  const message = 'is more than 50 policies in this view, one for each combination of its values'
  assert.deepEqual(toAccessPolicies(rule(51)), {
    problems: [{ path: ['policy', 'allow', 'and'], message }],
  })
})
