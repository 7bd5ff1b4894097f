import { MantineProvider, createTheme } from '@mantine/core'
import { QueryClient, QueryClientProvider, type QueryClientConfig } from '@tanstack/react-query'
import { StrictMode, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { keepFocus } from './focus-keeper.ts'
import './styles.ts'

const theme = createTheme({
  fontFamily: 'system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, monospace',
  autoContrast: true,
  components: {
    InputWrapper: {
      // What explains a field stands below it, so that fields in a row stand at one height.
      defaultProps: { inputWrapperOrder: ['label', 'input', 'description', 'error'] },
    },
  },
})

/** The browser's own word is about its network, and the gateway may be on this machine: it is asked all the same. */
const alwaysAsks: QueryClientConfig = {
  defaultOptions: { queries: { networkMode: 'always' }, mutations: { networkMode: 'always' } },
}

/** Shows a page in the element `root`, in the colours the system asks for. */
export function showPage(page: ReactNode, queryClient = new QueryClient(alwaysAsks)): void {
  const root = document.querySelector('#root')
  if (root === null) throw new Error('the document has no element "root"')
  keepFocus()
  createRoot(root).render(
    <StrictMode>
      {/* What it would put into the page while it runs is in styles.ts. */}
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        colorSchemeManager={systemColours}
        withCssVariables={false}
        withGlobalClasses={false}
      >
        <QueryClientProvider client={queryClient}>{page}</QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  )
}

/** Always what the system says: there is no switch, so nothing is kept. */
const systemColours = {
  get: () => 'auto' as const,
  set: () => undefined,
  subscribe: () => undefined,
  unsubscribe: () => undefined,
  clear: () => undefined,
}
