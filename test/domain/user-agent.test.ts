// Families of systems and browsers, from what real ones call themselves.
import { expect, test } from 'vitest'
import { familiesOf } from '../../src/domain/user-agent.ts'

const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)'
test.each([
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/141.0.0.0 Safari/537.36`, 'windows', 'chrome'],
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/141.0.0.0 Safari/537.36 Edg/141.0`,
    'windows',
    'edge',
  ],
  [`Mozilla/5.0 (X11; Linux x86_64) ${webkit} Chrome/141.0.0.0 Safari/537.36 OPR/122.0`, 'linux', 'opera'],
  [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${webkit} Chrome/141.0.0.0 Safari/537.36`, 'chromeos', 'chrome'],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:144.0) Gecko/20100101 Firefox/144.0',
    'macos',
    'firefox',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15',
    'macos',
    'safari',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0 Mobile/15E148 Safari/604.1',
    'ios',
    'chrome',
  ],
  [
    `Mozilla/5.0 (Linux; Android 10; K) ${webkit} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
    'android',
    'samsung',
  ],
  ['Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)', 'windows', 'ie'],
  ['Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko', 'windows', 'ie'],
  ['AlderBank/4.2 (iPhone; iOS 18.6) CFNetwork/1490 Darwin/23.0', 'ios', 'alderbank'],
  ['okhttp/5.1.0', undefined, 'okhttp'],
  ['Mozilla/5.0', undefined, undefined],
  ['', undefined, undefined],
  ['/'.repeat(100_000), undefined, undefined],
  [`${'x'.repeat(600)} Windows Firefox/1`, undefined, undefined],
])('%s', (userAgent, os, browser) => expect(familiesOf(userAgent)).toEqual({ os, browser }))
