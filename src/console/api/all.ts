import { accessTextEndpoints } from './access-text.ts'
import { accountEndpoints } from './accounts.ts'
import { apiDocumentEndpoints } from './api-document.ts'
import { auditEndpoints } from './audit.ts'
import { blockEndpoints } from './blocks.ts'
import { connectorEndpoints } from './connectors.ts'
import type { Endpoints } from './endpoint.ts'
import { eventEndpoints } from './events.ts'
import { keyEndpoints } from './keys.ts'
import { meEndpoints } from './me.ts'
import { policyLanguageEndpoints } from './policy-language.ts'
import { pictureEndpoints } from './pictures.ts'
import { refusalEndpoints } from './refusals.ts'
import { reachEndpoints } from './reach.ts'
import { requestEndpoints } from './requests.ts'
import { policyEndpoints } from './policies.ts'
import { routeEndpoints } from './routes.ts'
import { serviceAccountEndpoints } from './service-accounts.ts'
import { sessionEndpoints } from './sessions.ts'
import { trialEndpoints } from './trials.ts'
import { tunnelEndpoints } from './tunnels.ts'

/** Every file of endpoints, in the order of the document. */
export const allEndpoints: readonly Endpoints[] = [
  meEndpoints,
  pictureEndpoints,
  tunnelEndpoints,
  eventEndpoints,
  sessionEndpoints,
  requestEndpoints,
  blockEndpoints,
  refusalEndpoints,
  accountEndpoints,
  serviceAccountEndpoints,
  connectorEndpoints,
  keyEndpoints,
  trialEndpoints,
  reachEndpoints,
  policyLanguageEndpoints,
  routeEndpoints,
  policyEndpoints,
  accessTextEndpoints,
  auditEndpoints,
  apiDocumentEndpoints(() => allEndpoints),
]
