import { QueryClient } from '@tanstack/react-query'
import { showPage } from '../../ui/page.tsx'
import { DaemonFault } from '../call.ts'
import '../styles.ts'
import { Desktop } from './desktop.tsx'

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // What the daemon said, it would say again.
      retry: (count, error) => count < 1 && error instanceof DaemonFault && error.status === 0,
      // The browser's own word is about its network, and the daemon is on this machine.
      networkMode: 'always',
      staleTime: 5_000,
    },
    mutations: { networkMode: 'always' },
  },
})

showPage(<Desktop />, queryClient)
