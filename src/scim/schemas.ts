// What a client is told of what it may send (RFC 7643 §5, §6, §7).

export const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group'
export const listSchema = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'
export const errorSchema = 'urn:ietf:params:scim:api:messages:2.0:Error'
const configSchema = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'
const typeSchema = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType'
const schemaSchema = 'urn:ietf:params:scim:schemas:core:2.0:Schema'

/** @limit resources in one answer to a SCIM question: `count` counts for no more, and the next page begins behind them */
export const maxResults = 500

export const serviceProviderConfig = {
  schemas: [configSchema],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: true },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'Service account',
      description: 'The credential of a service account, as a bearer token',
      primary: true,
    },
  ],
} as const

export const resourceTypes = [
  {
    schemas: [typeSchema],
    id: 'User',
    name: 'User',
    endpoint: '/Users',
    schema: userSchema,
    schemaExtensions: [],
  },
  {
    schemas: [typeSchema],
    id: 'Group',
    name: 'Group',
    endpoint: '/Groups',
    schema: groupSchema,
    schemaExtensions: [],
  },
] as const

interface Attribute {
  readonly name: string
  readonly type: 'string' | 'boolean' | 'complex' | 'reference'
  readonly multiValued: boolean
  readonly required: boolean
  readonly caseExact: boolean
  readonly mutability: 'readWrite' | 'immutable'
  readonly returned: 'default'
  readonly uniqueness: 'none' | 'server'
  readonly description: string
  readonly subAttributes?: readonly Attribute[]
}

function attribute(name: string, description: string, change: Partial<Attribute> = {}): Attribute {
  return {
    name,
    type: 'string',
    multiValued: false,
    required: false,
    caseExact: false,
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    description,
    ...change,
  }
}

export const schemas = [
  {
    schemas: [schemaSchema],
    id: userSchema,
    name: 'User',
    description: 'Somebody who may sign in',
    attributes: [
      attribute('userName', 'Names the user; an email address is one by which they are known', {
        required: true,
        uniqueness: 'server',
      }),
      attribute('externalId', 'The id of the user at the identity provider', { caseExact: true }),
      attribute('active', 'Whether the user may do anything here', { type: 'boolean' }),
      attribute('displayName', 'What people call the user'),
      attribute('name', 'The parts of the name', {
        type: 'complex',
        subAttributes: ['formatted', 'givenName', 'familyName', 'middleName'].map((name) =>
          attribute(name, 'A part of the name'),
        ),
      }),
      attribute('emails', 'Addresses by which the user is known', {
        type: 'complex',
        multiValued: true,
        subAttributes: [
          attribute('value', 'The address'),
          attribute('type', 'Such as work'),
          attribute('primary', 'Whether it is the main one', { type: 'boolean' }),
        ],
      }),
    ],
  },
  {
    schemas: [schemaSchema],
    id: groupSchema,
    name: 'Group',
    description: 'People whom policies name together',
    attributes: [
      attribute('displayName', 'By which policies name the group', { required: true }),
      attribute('externalId', 'The id of the group where it comes from', { caseExact: true }),
      attribute('members', 'The users in it', {
        type: 'complex',
        multiValued: true,
        subAttributes: [
          attribute('value', 'The id of a user', { caseExact: true, mutability: 'immutable' }),
        ],
      }),
    ],
  },
] as const
