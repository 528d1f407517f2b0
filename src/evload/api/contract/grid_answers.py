"""What planners of grids get, `/grid`: the models of the answers."""

from datetime import date

from evload.api.contract.models import Model, SiteTime


class GridSummary(Model):
    about = (
        "P is the peak hour's mean power, e what flowed in an hour, N the users with rows in the range. `load_factor`"
        " is sum(e) / (observed hours x P), `hours_of_use` sum(e) / P, `coincidence_factor` P / the sum of the users'"
        " own peaks, `diversity_factor` its inverse, `admd_kw` P / N. They are null where nothing flowed. A tariff that"
        " measures quarters of an hour sees at least P."
    )

    peak_kw: float
    peak_at: SiteTime
    load_factor: float | None
    hours_of_use: float | None
    users: int
    sum_of_user_peaks_kw: float
    coincidence_factor: float | None
    diversity_factor: float | None
    admd_kw: float | None


class PeakHour(Model):
    about = "One of the highest hours: its mean power, and how many users charged in it."

    hour: SiteTime
    load_kw: float
    users: int


class Admd(Model):
    about = (
        "After-diversity maximum demand of `users` users: a + b / sqrt(users), exact for one user and for all (Rusck)."
        " More than all are an estimate, and null where the curve would fall."
    )

    users: int
    kw_per_user: float | None
    kw: float | None


class DemandPeak(Model):
    about = "An hour, and its mean power."

    hour: SiteTime
    load_kw: float


class BilledDemand(Model):
    about = (
        "What a month is billed by: `demand_kw` is the mean of `peaks`, raised to the floor, averaged over months; of"
        " hourly means, so that a tariff that measures quarters of an hour bills at least that. It is not `complete`"
        " where a day, a peak or a month of the average is missing. `step_from_kw` is the step that the demand is on,"
        " `margin_kw` what is left to the next one."
    )

    month: date
    demand_kw: float | None
    peaks: list[DemandPeak]
    days_observed: int
    complete: bool
    step_from_kw: float | None
    step_to_kw: float | None
    margin_kw: float | None


class Headroom(Model):
    about = (
        "How far the peak, with the base, is below the limit, and how many more users fit. `more_users_safe` has them"
        " charge as today's users do in the peak hour; `more_users_expected` lets them coincide as the ADMD curve says,"
        " and is null where that curve does not rise."
    )

    limit_kw: float
    peak_kw: float
    headroom_kw: float
    hours_above_80_percent: int
    hours_above: int
    observed_hours: int
    users: int
    more_users_safe: int | None
    more_users_expected: int | None
