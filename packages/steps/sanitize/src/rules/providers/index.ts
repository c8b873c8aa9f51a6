import type { Rule } from "../../rule.ts";
import { aiRules } from "./ai.ts";
import { analyticsRules } from "./analytics.ts";
import { awsRules } from "./aws.ts";
import { azureRules } from "./azure.ts";
import { chatRules } from "./chat.ts";
import { ciRules } from "./ci.ts";
import { contentRules } from "./content.ts";
import { crmRules } from "./crm.ts";
import { cryptocurrenciesRules } from "./cryptocurrencies.ts";
import { databasesRules } from "./databases.ts";
import { documentsRules } from "./documents.ts";
import { financeRules } from "./finance.ts";
import { formsRules } from "./forms.ts";
import { geographyRules } from "./geography.ts";
import { googleRules } from "./google.ts";
import { hostingRules } from "./hosting.ts";
import { infrastructureRules } from "./infrastructure.ts";
import { integrationRules } from "./integration.ts";
import { mailRules } from "./mail.ts";
import { mailToolsRules } from "./mail-tools.ts";
import { monitoringRules } from "./monitoring.ts";
import { openDataRules } from "./open-data.ts";
import { packagesRules } from "./packages.ts";
import { paymentsRules } from "./payments.ts";
import { productivityRules } from "./productivity.ts";
import { securityRules } from "./security.ts";
import { shippingRules } from "./shipping.ts";
import { shopsRules } from "./shops.ts";
import { socialRules } from "./social.ts";
import { sourceControlRules } from "./source-control.ts";
import { telephonyRules } from "./telephony.ts";

/** The keys and tokens of all providers. */
export const providerRules: readonly Rule[] = [
  ...aiRules,
  ...analyticsRules,
  ...awsRules,
  ...azureRules,
  ...chatRules,
  ...ciRules,
  ...contentRules,
  ...crmRules,
  ...cryptocurrenciesRules,
  ...databasesRules,
  ...documentsRules,
  ...financeRules,
  ...formsRules,
  ...geographyRules,
  ...googleRules,
  ...hostingRules,
  ...infrastructureRules,
  ...integrationRules,
  ...mailRules,
  ...mailToolsRules,
  ...monitoringRules,
  ...openDataRules,
  ...packagesRules,
  ...paymentsRules,
  ...productivityRules,
  ...securityRules,
  ...shippingRules,
  ...shopsRules,
  ...socialRules,
  ...sourceControlRules,
  ...telephonyRules,
];
