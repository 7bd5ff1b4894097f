import { roleRequired } from '../../control/authority.ts'
import { me } from '../wire/me.ts'
import { endpoint, type Endpoints } from './endpoint.ts'

export const meEndpoints: Endpoints = () => [
  endpoint({
    method: 'get',
    path: '/me',
    role: 'auditor',
    byNamespace: true,
    summary: 'Who asks, and what they may see and change',
    answer: me,
    serve({ by: { session }, role }) {
      if (role === undefined) throw roleRequired({ role: 'auditor', byNamespace: true })
      return {
        kind: session.kind,
        user: session.userId,
        name: (session.kind === 'person' && session.name) || session.email || session.userId,
        email: session.email ?? null,
        role: role.role,
        namespaces: role.namespaces ?? null,
      }
    },
  }),
]
