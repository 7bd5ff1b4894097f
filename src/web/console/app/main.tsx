import { QueryClient } from '@tanstack/react-query'
import { ApiFault } from '../../ui/api.ts'
import { showPage } from '../../ui/page.tsx'
import '../styles.ts'
import { Console } from './console.tsx'

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // What the gateway said, it would say again.
      retry: (count, error) => count < 1 && error instanceof ApiFault && error.status === 0,
      // The browser's own word is about its network, and the gateway may be on this machine.
      networkMode: 'always',
      staleTime: 5_000,
    },
    mutations: { networkMode: 'always' },
  },
})

showPage(<Console />, queryClient)
