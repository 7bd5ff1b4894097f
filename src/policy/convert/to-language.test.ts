import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toPolicyLanguage } from './to-language.ts'

const cases = {
  'groups as they are written': {
    given: [{ action: 'allow', include: [{ group: 'DBA' }, { group: '@ops' }] }],
    wanted: {
      document: [{ allow: { or: [{ groups: { has: 'DBA' } }, { groups: { has: '@ops' } }] } }],
    },
  },
  'one selector each': {
    given: [
      {
        action: 'allow',
        include: [
          { email: 'ann@corp.example' },
          { email_domain: '@corp.example' },
          { group: 'dba' },
          { ip: '192.0.2.0/24' },
        ],
      },
    ],
    wanted: {
      document: [
        {
          allow: {
            or: [
              { email: { is: 'ann@corp.example' } },
              { domain: { is: 'corp.example' } },
              { groups: { has: 'dba' } },
            ],
          },
        },
        { allow: { and: [{ source_ip: '192.0.2.0/24' }, { user: { not: '(nobody)' } }] } },
      ],
    },
  },
  require: {
    given: [
      {
        action: 'allow',
        include: [{ email: 'a@corp.example' }, { group: 'dba' }],
        require: [{ email_domain: 'corp.example' }],
      },
    ],
    wanted: {
      document: [
        {
          allow: { and: [{ email: { is: 'a@corp.example' } }, { domain: { is: 'corp.example' } }] },
        },
        { allow: { and: [{ groups: { has: 'dba' } }, { domain: { is: 'corp.example' } }] } },
      ],
    },
  },
  exclude: {
    given: [
      {
        action: 'allow',
        include: [{ group: 'dba' }],
        exclude: [
          { email: 'bob@corp.example' },
          { email_domain: 'evil.example' },
          { group: 'left' },
        ],
      },
    ],
    wanted: {
      document: [
        {
          allow: {
            and: [
              { groups: { has: 'dba' } },
              { email: { not: 'bob@corp.example' } },
              { domain: { not: 'evil.example' } },
              { groups: { exclude: 'left' } },
            ],
          },
        },
      ],
    },
  },
  'exclude ip': {
    given: [{ action: 'allow', include: [{ group: 'dba' }], exclude: [{ ip: '192.0.2.0/24' }] }],
    wanted: {
      document: [
        { allow: { not: [{ groups: { exclude: 'dba' } }, { source_ip: '192.0.2.0/24' }] } },
      ],
    },
  },
  'exclude and require ip': {
    given: [
      {
        action: 'allow',
        include: [{ group: 'dba' }],
        require: [{ ip: '198.51.100.0/24' }],
        exclude: [{ ip: '192.0.2.0/24' }],
      },
    ],
    wanted: {
      problems: [
        {
          path: ['policies', 0, 'include', 0],
          message:
            'has no equal in the policy language together with what the policy requires and excludes',
          hint: 'no criterion is for an address that is not in a network, beside one that is in another',
        },
      ],
    },
  },
  'everybody who signs in': {
    given: [{ action: 'allow', include: [{ everyone: true }] }],
    wanted: { document: [{ allow: { or: [{ user: { not: '(nobody)' } }] } }] },
  },
  'from a network': {
    given: [{ action: 'allow', include: [{ ip: '192.0.2.0/24' }] }],
    wanted: {
      document: [
        { allow: { and: [{ source_ip: '192.0.2.0/24' }, { user: { not: '(nobody)' } }] } },
      ],
    },
  },
  'not from a network': {
    given: [{ action: 'allow', include: [{ everyone: true }], exclude: [{ ip: '192.0.2.0/24' }] }],
    wanted: {
      document: [{ allow: { not: [{ source_ip: '192.0.2.0/24' }, { user: { is: '(nobody)' } }] } }],
    },
  },
  'excludes everyone': {
    given: [{ action: 'allow', include: [{ group: 'dba' }], exclude: [{ everyone: true }] }],
    wanted: { document: [] },
  },
  bypass: {
    given: [{ action: 'bypass', include: [{ everyone: true }] }],
    wanted: { document: [{ allow: { or: [{ accept: true }] } }] },
  },
  'bypass from a network': {
    given: [
      { action: 'bypass', include: [{ ip: '192.0.2.0/24' }] },
      { action: 'allow', include: [{ group: 'dba' }] },
    ],
    wanted: {
      document: [
        { allow: { or: [{ source_ip: '192.0.2.0/24' }] } },
        { allow: { or: [{ groups: { has: 'dba' } }] } },
      ],
    },
  },
  'bypass beside not': {
    given: [
      { action: 'bypass', include: [{ ip: '192.0.2.0/24' }] },
      { action: 'allow', include: [{ group: 'dba' }], exclude: [{ ip: '198.51.100.0/24' }] },
    ],
    wanted: {
      problems: [
        {
          path: ['policies', 1, 'include', 0],
          message:
            'has no equal in the policy language together with what the policy requires and excludes',
          hint: 'no criterion is for an address that is not in a network, beside one that is in another',
        },
      ],
    },
  },
  account: {
    given: [{ action: 'service_auth', include: [{ service_token: 'robot' }] }],
    wanted: { document: [{ allow: { or: [{ user: { is: 'robot' } }] } }] },
  },
  'account id object': {
    given: [{ action: 'service_auth', include: [{ service_token: { token_id: 'robot' } }] }],
    wanted: { document: [{ allow: { or: [{ user: { is: 'robot' } }] } }] },
  },
  'account from a network': {
    given: [
      {
        action: 'service_auth',
        include: [{ service_token: 'robot' }],
        require: [{ ip: '192.0.2.0/24' }],
      },
    ],
    wanted: {
      document: [{ allow: { and: [{ user: { is: 'robot' } }, { source_ip: '192.0.2.0/24' }] } }],
    },
  },
  'account not from a network': {
    given: [
      {
        action: 'service_auth',
        include: [{ service_token: 'robot' }],
        exclude: [{ ip: '192.0.2.0/24' }],
      },
    ],
    wanted: {
      problems: [
        {
          path: ['policies', 0, 'include', 0],
          message:
            'has no equal in the policy language together with what the policy requires and excludes',
          hint: 'no criterion is for an address that is not in a network, beside one that is in another',
        },
      ],
    },
  },
  'two accounts required': {
    given: [
      {
        action: 'service_auth',
        include: [{ service_token: 'robot' }],
        require: [{ service_token: 'other' }],
      },
    ],
    wanted: { document: [] },
  },
  'account excluded': {
    given: [
      {
        action: 'service_auth',
        include: [{ service_token: 'robot' }, { service_token: 'other' }],
        exclude: [{ service_token: 'robot' }],
      },
    ],
    wanted: { document: [{ allow: { or: [{ user: { is: 'other' } }] } }] },
  },
  'any excluded': {
    given: [
      {
        action: 'service_auth',
        include: [{ service_token: 'robot' }],
        exclude: [{ any_valid_service_token: true }],
      },
    ],
    wanted: { document: [] },
  },
  'any account': {
    given: [{ action: 'service_auth', include: [{ any_valid_service_token: true }] }],
    wanted: {
      problems: [
        {
          path: ['policies', 0, 'include', 0],
          message:
            'has no equal in the policy language together with what the policy requires and excludes',
          hint: 'name each service account: no criterion is for all of them and for nobody else',
        },
      ],
    },
  },
  'any account, one required': {
    given: [
      {
        action: 'service_auth',
        include: [{ any_valid_service_token: true }],
        require: [{ service_token: 'robot' }],
      },
    ],
    wanted: { document: [{ allow: { or: [{ user: { is: 'robot' } }] } }] },
  },
  block: {
    given: [
      { action: 'block', include: [{ email: 'bob@corp.example' }] },
      { action: 'allow', include: [{ group: 'dba' }] },
    ],
    wanted: {
      document: [
        { deny: { or: [{ email: { is: 'bob@corp.example' } }] } },
        { allow: { or: [{ groups: { has: 'dba' } }] } },
      ],
    },
  },
  'block after allow': {
    given: [
      { action: 'allow', include: [{ group: 'dba' }] },
      { action: 'block', include: [{ email: 'bob@corp.example' }] },
    ],
    wanted: {
      problems: [
        {
          path: ['policies', 1],
          message: 'blocks those whom no policy before it allows, and a "deny" keeps them all out',
          hint: 'leave it out, unless it is to keep out those whom other policies of a route let in',
        },
      ],
    },
  },
  'block between allows': {
    given: [
      { action: 'allow', include: [{ group: 'dba' }] },
      { action: 'block', include: [{ email: 'bob@corp.example' }] },
      { action: 'allow', include: [{ group: 'ops' }] },
    ],
    wanted: {
      problems: [
        {
          path: ['policies', 1],
          message: 'blocks those whom no policy before it allows, and a "deny" keeps them all out',
          hint: 'put it before every policy that allows, if that is meant',
        },
      ],
    },
  },
  'block after everybody': {
    given: [
      { action: 'allow', include: [{ everyone: true }] },
      { action: 'block', include: [{ email: 'bob@corp.example' }] },
      { action: 'allow', include: [{ group: 'ops' }] },
    ],
    wanted: { document: [{ allow: { or: [{ user: { not: '(nobody)' } }] } }] },
  },
  'everybody with require is no end': {
    given: [
      { action: 'allow', include: [{ everyone: true }], require: [{ group: 'dba' }] },
      { action: 'block', include: [{ email: 'bob@corp.example' }] },
    ],
    wanted: {
      problems: [
        {
          path: ['policies', 1],
          message: 'blocks those whom no policy before it allows, and a "deny" keeps them all out',
          hint: 'leave it out, unless it is to keep out those whom other policies of a route let in',
        },
      ],
    },
  },
  'everybody with exclude is no end': {
    given: [
      { action: 'allow', include: [{ everyone: true }], exclude: [{ group: 'left' }] },
      { action: 'block', include: [{ email: 'bob@corp.example' }] },
    ],
    wanted: {
      problems: [
        {
          path: ['policies', 1],
          message: 'blocks those whom no policy before it allows, and a "deny" keeps them all out',
          hint: 'leave it out, unless it is to keep out those whom other policies of a route let in',
        },
      ],
    },
  },
  'block everybody ends': {
    given: [
      { action: 'block', include: [{ everyone: true }] },
      { action: 'allow', include: [{ group: 'dba' }] },
    ],
    wanted: { document: [{ deny: { or: [{ accept: true }] } }] },
  },
  'block beside bypass': {
    given: [
      { action: 'bypass', include: [{ ip: '192.0.2.0/24' }] },
      { action: 'block', include: [{ email: 'bob@corp.example' }] },
    ],
    wanted: {
      problems: [
        {
          path: ['policies', 1],
          message:
            'blocks people only, and a "deny" would keep out those too whom a policy with action "bypass" lets in',
        },
      ],
    },
  },
  'block of a network beside account': {
    given: [
      { action: 'service_auth', include: [{ service_token: 'robot' }] },
      { action: 'block', include: [{ ip: '192.0.2.0/24' }] },
    ],
    wanted: {
      problems: [
        {
          path: ['policies', 1],
          message:
            'blocks people only, and a "deny" would keep out those too whom a policy with action "service_auth" lets in',
        },
      ],
    },
  },
  'block of people beside account': {
    given: [
      { action: 'service_auth', include: [{ service_token: 'robot' }] },
      { action: 'block', include: [{ email: 'bob@corp.example' }] },
    ],
    wanted: {
      document: [
        { deny: { or: [{ email: { is: 'bob@corp.example' } }] } },
        { allow: { or: [{ user: { is: 'robot' } }] } },
      ],
    },
  },
  'block of required people beside account': {
    given: [
      { action: 'service_auth', include: [{ service_token: 'robot' }] },
      { action: 'block', include: [{ ip: '192.0.2.0/24' }], require: [{ group: 'left' }] },
    ],
    wanted: {
      document: [
        { deny: { and: [{ source_ip: '192.0.2.0/24' }, { groups: { has: 'left' } }] } },
        { allow: { or: [{ user: { is: 'robot' } }] } },
      ],
    },
  },
  nothing: {
    given: [],
    wanted: { document: [] },
  },
  'no list': {
    given: { action: 'allow' },
    wanted: { document: [] },
  },
} as const

for (const [name, { given, wanted }] of Object.entries(cases))
  test(`in the policy language: ${name}`, () => assert.deepEqual(toPolicyLanguage(given), wanted))
