/**
 * Services that give out keys without a form of their own, and of which no other table knows one. Only names that
 * ordinary logs do not have: a dictionary's word is none, unless it is rare.
 */
const FURTHER_SERVICES =
  "abuseipdb abyssale accuweather adzuna aeroworkflow airvisual aletheia alconost alegra allsports amadeus ambee amplitude \
apacta apiflash appcues apptivo artsy autodesk aylien billomat bitfinex bitmex braintree braintrust browserstack buildkite \
bulksms captaindata cashboard caspio censys cexio checkvist clickhelp clickup clinchpad clockworksms cloudelements \
cloudinary cloze companyhub convier currencycloud customerguru customerio deepseek demio dfuse dnscheck documo dovico \
duosecurity dwolla easyinsight easy-insight edamam elevenlabs enablex exportsdk faceplusplus fibery finage fleetbase \
flightstats flowflu formsite freshdesk freshworks gengo gocanvas graphcms hasura hypertrack instamojo invoiceocean \
kanbantool keenio ladesk langfuse langsmith larksuite liveagent locationiq loggly magicbell maxmind meaningcloud metaapi \
metabase mixpanel mrticktock nethunt netsuite nexmo nightfall nutritionix onedesk onepagecrm openrouter parsehub paystack \
photoroom pinata pinecone pivotaltracker planview plivo poloniex portainer postbacks purestake pusher railwayapp reallysimplesystems \
repairshopr revampcrm ringcentral runrunit salesforce salesmate satismeter scalr sheety signable signalwire \
sinch sirv siteleaf skybiometry smartsheet smartystreets smooch solarwinds strava stytch sugester supabase surveyanyplace \
tableau teamgate textanywhere textmagic thinkific thousandeyes tokeet trengo typetalk uploadcare vouchery webex \
websitepulse wepay zenserp zipbooks zulip".split(/\s+/);

/** Services whose keys have one known form: what has another is none. */
const OF_ONE_FORM = new Set("meraki okta sendgrid slack sumo telegr telegram".split(" "));

/** Names of services that ordinary logs do have: words, and sites and programs that stand in addresses. */
const ORDINARY = new Set(
  "access-key accesskey account-key account-name accountkey accountname akia amazon amzn apollo asana asia atlas azure blogger cloudflare coda column daily ditto docker \
elastic envoy eraser facebook fastly figma fixer flat float front geocode github gitlab google guardian hashicorp humanity \
hunter impala kafka karma less line linear linkedin magnetic moderation monday mongodb moralis nasdaq netcore nimble \
noticeable nuget pastebin polygon privacy prospect protocols raven replicate recaptcha refiner relic sauce segment semaphore sentry \
shortcut sonar splunk square statuspage streak swiftype token travis twitter userflow vault vercel web3 xray yandex \
youtube client-secret clientsecret secretaccesskey ssws storage-key storage-name storagekey storagename \
chatbot debounce delighted fb-app fbapp groove holistic web webscraper".split(/\s+/),
);

/** Those of the names in the tables, and of further ones, after which a random-looking text is a key. */
export function serviceNames(ofTables: readonly string[]): readonly string[] {
  const names = [...ofTables, ...FURTHER_SERVICES].map((name) => name.toLowerCase());
  return [...new Set(names)]
    .filter(
      (name) => /^(?=.{4})[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name) && !ORDINARY.has(name) && !OF_ONE_FORM.has(name),
    )
    .sort();
}
