import type { Rule } from "../../rule.ts";
import { aiRules } from "./ai.ts";
import { analyticsRules } from "./analytics.ts";
import { awsRules } from "./aws.ts";
import { azureRules } from "./azure.ts";
import { chatRules } from "./chat.ts";
import { ciRules } from "./ci.ts";
import { cloudsRules } from "./clouds.ts";
import { codeQualityRules } from "./code-quality.ts";
import { contentRules } from "./content.ts";
import { crmRules } from "./crm.ts";
import { cryptocurrenciesRules } from "./cryptocurrencies.ts";
import { databasesRules } from "./databases.ts";
import { designRules } from "./design.ts";
import { devicesRules } from "./devices.ts";
import { documentsRules } from "./documents.ts";
import { eventsRules } from "./events.ts";
import { facebookRules } from "./facebook.ts";
import { financeRules } from "./finance.ts";
import { formsRules } from "./forms.ts";
import { geographyRules } from "./geography.ts";
import { googleRules } from "./google.ts";
import { hostingRules } from "./hosting.ts";
import { incidentsRules } from "./incidents.ts";
import { infrastructureRules } from "./infrastructure.ts";
import { integrationRules } from "./integration.ts";
import { invoicingRules } from "./invoicing.ts";
import { ipLookupRules } from "./ip-lookup.ts";
import { languageRules } from "./language.ts";
import { loginRules } from "./login.ts";
import { mailRules } from "./mail.ts";
import { mailToolsRules } from "./mail-tools.ts";
import { messengersRules } from "./messengers.ts";
import { monitoringRules } from "./monitoring.ts";
import { notesRules } from "./notes.ts";
import { openDataRules } from "./open-data.ts";
import { packagesRules } from "./packages.ts";
import { paymentsRules } from "./payments.ts";
import { aiPrefixRules } from "./prefixes-ai.ts";
import { businessPrefixRules } from "./prefixes-business.ts";
import { platformPrefixRules } from "./prefixes-platforms.ts";
import { productivityRules } from "./productivity.ts";
import { scrapingRules } from "./scraping.ts";
import { securityRules } from "./security.ts";
import { serviceRules } from "./services.ts";
import { shippingRules } from "./shipping.ts";
import { shopsRules } from "./shops.ts";
import { socialRules } from "./social.ts";
import { sourceControlRules } from "./source-control.ts";
import { telephonyRules } from "./telephony.ts";
import { timeTrackingRules } from "./time-tracking.ts";
import { warehousesRules } from "./warehouses.ts";
import { weatherRules } from "./weather.ts";

const tables: readonly Rule[] = [
  ...aiRules,
  ...analyticsRules,
  ...awsRules,
  ...azureRules,
  ...chatRules,
  ...ciRules,
  ...cloudsRules,
  ...codeQualityRules,
  ...contentRules,
  ...crmRules,
  ...cryptocurrenciesRules,
  ...databasesRules,
  ...designRules,
  ...devicesRules,
  ...documentsRules,
  ...eventsRules,
  ...facebookRules,
  ...financeRules,
  ...formsRules,
  ...geographyRules,
  ...googleRules,
  ...hostingRules,
  ...incidentsRules,
  ...infrastructureRules,
  ...integrationRules,
  ...invoicingRules,
  ...ipLookupRules,
  ...languageRules,
  ...loginRules,
  ...mailRules,
  ...mailToolsRules,
  ...messengersRules,
  ...monitoringRules,
  ...notesRules,
  ...aiPrefixRules,
  ...businessPrefixRules,
  ...platformPrefixRules,
  ...openDataRules,
  ...packagesRules,
  ...paymentsRules,
  ...productivityRules,
  ...scrapingRules,
  ...securityRules,
  ...shippingRules,
  ...shopsRules,
  ...socialRules,
  ...sourceControlRules,
  ...telephonyRules,
  ...timeTrackingRules,
  ...warehousesRules,
  ...weatherRules,
];

/** Names of services behind which a table looks for a key. */
const names = tables.filter(({ pattern }) => pattern.includes("[^]{0,")).flatMap(({ keywords }) => keywords);

/** The keys and tokens of all providers. */
export const providerRules: readonly Rule[] = [...tables, ...serviceRules(names)];
