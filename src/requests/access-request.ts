export type {
  AccessRequestRecord as AccessRequest,
  AccessRequestState,
} from '../store/request-store.ts'
